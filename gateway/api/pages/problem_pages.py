"""``/problems/{type}``: a page for people with an example, JSON for programs that ask for it."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from gateway.api.answers import json_answer
from gateway.api.pages.openapi.examples import problem
from gateway.api.pages.page import page, prose
from gateway.item_codes import ITEM_CODES
from gateway.problems import PROBLEM_TYPES
from schemas.messages import VALIDATION_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.item_codes import ItemCode
    from gateway.problems import ProblemType
    from gateway.resources.resource import Resource

_TITLE = "Problem types and codes"
_LEAD = "Branch on <code>type</code>, and within a batch on each item's <code>outcome</code> and <code>code</code>. Texts may change."
_FIND = """<form id="find" class="find" hidden>
<label for="word">Find</label>
<input id="word" type="search" autocomplete="off" placeholder="a type, a code, a status or a word">
<output aria-live="polite"></output>
</form>"""


def blueprint(resource: Resource) -> Blueprint:
    """The examples are of ``resource``."""
    routes = Blueprint("problem_pages", __name__)

    @routes.get("/problems/<slug>")
    def one(slug: str) -> Response:
        if (kind := PROBLEM_TYPES.get(slug)) is None:
            abort(404)
        if request.accept_mimetypes.best == "application/json":
            return json_answer({"slug": slug, "title": kind.title, "status": kind.status, "advice": kind.advice})
        trail = {"Gateway": "../", _TITLE: "./"}
        return page(
            f"{kind.title} ({kind.status})", _body(slug, kind, problem(slug, resource)), root="../", trail=trail
        )

    @routes.get("/problems/", strict_slashes=False)
    def index() -> Response:
        # Links are relative, and the address may lack its last slash.
        folder, root = ("", "../") if request.path.endswith("/") else ("problems/", "./")
        tables = "\n".join((_types(folder), _item_codes(), _validation_codes()))
        body = f'<p class="lead">{_LEAD}</p>\n{_FIND}\n{tables}'
        return page(_TITLE, body, root=root, trail={"Gateway": root}, script="find.js")

    return routes


def _body(slug: str, kind: ProblemType, example: Mapping[str, Any]) -> str:
    text = html.escape(json.dumps(example, indent=2, ensure_ascii=False), quote=False)
    codes = sorted(error["code"] for error in example.get("errors", ()))
    links = ", ".join(f'<a href="./#code-{code}"><code>{code}</code></a>' for code in codes)
    return "\n".join(
        [
            f'<div class="card"><p>{prose(kind.advice)}</p>',
            f"<dl><dt>type ends with</dt><dd><code>{slug}</code></dd><dt>HTTP status</dt><dd>{kind.status}</dd></dl></div>",
            f'<h2>An answer of this type</h2>\n<pre tabindex="0"><code>{text}</code></pre>',
            *([f"<p>What its code means: {links}.</p>"] if links else []),
        ]
    )


def _types(folder: str) -> str:
    rows = (
        (
            f'<a href="{folder}{slug}"><code>{slug}</code></a>',
            str(kind.status),
            html.escape(kind.title),
            prose(kind.advice),
        )
        for slug, kind in PROBLEM_TYPES.items()
    )
    return _section("types", "Problem types", ("type ends with", "status", "title", "what to do"), rows, ())


def _item_codes() -> str:
    rows = ((f"<code>{code}</code>", *_facts(row)) for code, row in ITEM_CODES.items())
    heads = ("code", "meaning", "outcome", "sending it again")
    return _section("item-codes", "Codes of items that were not updated", heads, rows, ITEM_CODES)


def _facts(row: ItemCode) -> tuple[str, str, str]:
    outcomes = ", ".join(f"<code>{outcome}</code>" for outcome in row.outcomes)
    return prose(row.meaning.format(name="item")), outcomes, "helps" if row.retryable else "does not help"


def _validation_codes() -> str:
    rows = ((f"<code>{code}</code>", prose(meaning)) for code, meaning in VALIDATION_CODES.items())
    return _section("validation-codes", "Codes of validation errors", ("code", "meaning"), rows, VALIDATION_CODES)


def _section(name: str, title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], codes: Iterable[str]) -> str:
    """A table; ``codes`` are the anchors of its rows."""
    ids = [f' id="code-{code}"' for code in codes]
    body = "\n".join(_row(ids[at] if ids else "", row) for at, row in enumerate(rows))
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<section id="{name}" data-rows>\n<h2>{title}</h2>\n{table}\n</section>'


def _row(anchor: str, cells: Sequence[str]) -> str:
    first, *others = cells
    return f'<tr{anchor}><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'
