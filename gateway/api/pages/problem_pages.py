"""``/problems/{type}``: a page for people, JSON for programs that ask for it."""

from __future__ import annotations

import html

from flask import Blueprint, Response, abort, request

from gateway.api.answers import json_answer
from gateway.problems import PROBLEM_TYPES

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} ({status})</title>
<h1>{title}</h1>
<p>Problem type <code>{slug}</code>, HTTP status {status}.</p>
<p>{advice}</p>
<p><a href="./">All problem types</a></p>
</html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def blueprint() -> Blueprint:
    routes = Blueprint("problem_pages", __name__)

    @routes.get("/problems/<slug>")
    def page(slug: str) -> Response:
        if (kind := PROBLEM_TYPES.get(slug)) is None:
            abort(404)
        facts = {"slug": slug, "title": kind.title, "status": kind.status, "advice": kind.advice}
        if request.accept_mimetypes.best == "application/json":
            return json_answer(facts)
        shown = {name: html.escape(str(value)) for name, value in facts.items()}
        return Response(_PAGE.format(**shown), content_type="text/html; charset=utf-8", headers=_HEADERS)

    @routes.get("/problems/", strict_slashes=False)
    def index() -> Response:
        # Links are relative, and the address may lack its last slash.
        folder = "" if request.path.endswith("/") else "problems/"
        links = "".join(
            f'<li><a href="{folder}{slug}">{html.escape(kind.title)}</a> ({kind.status})</li>'
            for slug, kind in PROBLEM_TYPES.items()
        )
        text = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Problem types</title>\n<h1>Problem types</h1>\n<ul>{links}</ul>\n</html>\n'
        return Response(text, content_type="text/html; charset=utf-8", headers=_HEADERS)

    return routes
