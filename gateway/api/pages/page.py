"""What the small pages for people share: frame, style and policy. Links are relative, so that they hold behind a prefix."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
}
_FOLDER = Path(__file__).parent / "static" / "pages"
_TYPES: Mapping[str, str] = {"page.css": "text/css; charset=utf-8", "find.js": "text/javascript; charset=utf-8"}
_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}pages/page.css">
{head}</head>
<body>
<header><nav aria-label="Pages">{trail}</nav></header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def blueprint() -> Blueprint:
    """Style and script."""
    routes = Blueprint("pages", __name__)

    @routes.get("/pages/<name>")
    def asset(name: str) -> Response:
        if name not in _TYPES:
            abort(404)
        return Response((_FOLDER / name).read_bytes(), content_type=_TYPES[name], headers=dict(HEADERS))

    return routes


def page(title: str, body: str, *, root: str, trail: Mapping[str, str], script: str = "") -> Response:
    """``body`` is HTML. ``root`` leads to the service's own root, and ``trail`` from text to link to where this hangs."""
    head = f'<script type="module" src="{root}pages/{script}"></script>\n' if script else ""
    links = " ".join(f'<a href="{link}">{html.escape(text)}</a>' for text, link in trail.items())
    text = _FRAME.format(title=html.escape(title), root=root, head=head, trail=links, body=body)
    return Response(text, content_type="text/html; charset=utf-8", headers=dict(HEADERS))


def nothing_here(path: str) -> Response:
    """For people at an address that there is not. ``path`` is as their browser has it, from which it resolves links."""
    root = "../" * (path.count("/") - 1) or "./"
    body = f'<p class="lead">Check the address, or <a href="{root}">begin at the start</a>.</p>'
    return page("There is nothing here", body, root=root, trail={"Gateway": root})


def prose(text: str) -> str:
    """As HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
