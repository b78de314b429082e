"""``GET /``: what is here, as a page for people and as JSON for programs."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, request

from gateway.api.answers import json_answer
from gateway.api.pages.page import page, prose

if TYPE_CHECKING:
    from collections.abc import Sequence

_TITLE = "Bulk-update gateway"
_LEAD = "Many updates in one request, checked as a whole before anything is sent to the core, and one honest answer."


class Entry(NamedTuple):
    """A page, and what it is for. ``link`` has no slash in front."""

    link: str
    title: str
    text: str


DOCUMENT = Entry("openapi.json", "OpenAPI document", "The contract, for generators and for programs.")
DOCS = Entry("docs", "Read and try it", "Every operation with its examples, and a form to send them.")
PROBLEMS = Entry("problems/", "Problem types and codes", "What each error means, and what to do.")
READY = Entry("readyz", "Readiness", "Whether the service takes requests now.")
STATUS = Entry("status", "Status", "The last minutes as charts, for operators.")


def blueprint(entries: Sequence[Entry], version: str) -> Blueprint:
    """``entries`` are those that are served."""
    routes = Blueprint("home", __name__)

    @routes.get("/")
    def home() -> Response:
        if request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html":
            links = {entry.link.strip("/").partition(".")[0]: entry.link for entry in entries}
            return json_answer({"name": _TITLE, "version": version, "links": links}, headers={"Vary": "Accept"})
        cards = "\n".join(map(_card, entries))
        body = f'<p class="lead">{_LEAD}</p>\n<ul class="cards">\n{cards}\n</ul>\n<p class="lead">Version {html.escape(version)}.</p>'
        return page(_TITLE, body, root="", trail={})

    return routes


def _card(entry: Entry) -> str:
    return f'<li><a href="{html.escape(entry.link)}">{html.escape(entry.title)}</a><p>{prose(entry.text)}</p></li>'
