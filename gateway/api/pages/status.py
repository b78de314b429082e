"""``/status``: the last minutes' metrics as charts, for operators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort

from gateway.api.answers import body_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FOLDER = Path(__file__).parent / "static" / "status"
_TYPES: Mapping[str, str] = {
    "status.css": "text/css; charset=utf-8",
    "status.js": "text/javascript; charset=utf-8",
    "audit.js": "text/javascript; charset=utf-8",
    "numbers.js": "text/javascript; charset=utf-8",
    "verdict.js": "text/javascript; charset=utf-8",
    "series.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
}
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def blueprint(
    numbers: Callable[[], dict[str, object]],
    *,
    history: Callable[[], Sequence[bytes]] = tuple,
    with_audit: bool = False,
    hides_audit: bool = False,
) -> Blueprint:
    """``numbers`` gives those of all workers, ``history`` earlier ones as JSON, oldest first.

    ``with_audit``: an audit trail can be read beside them. ``hides_audit``: there is one, for operators alone.
    """
    routes = Blueprint("status", __name__)

    @routes.get("/status")
    def page() -> Response:
        return _file("index.html", "text/html; charset=utf-8")

    @routes.get("/status/<name>")
    def asset(name: str) -> Response:
        if name not in _TYPES:
            abort(404)
        return _file(name, _TYPES[name])

    @routes.get("/status/data")
    def data() -> Response:
        return json_answer(
            {**numbers(), "audit": with_audit, "audit_hidden": hides_audit}, headers={"Cache-Control": "no-store"}
        )

    @routes.get("/status/history")
    def earlier() -> Response:
        return body_answer(b'{"snapshots":[%b]}' % b",".join(history()), headers={"Cache-Control": "no-store"})

    return routes


def _file(name: str, kind: str) -> Response:
    return Response((_FOLDER / name).read_bytes(), content_type=kind, headers=dict(_HEADERS))
