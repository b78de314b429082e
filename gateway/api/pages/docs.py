"""``/openapi.json``, and ``/docs`` to read and try it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of an installed package.
_ASSETS: Mapping[str, str] = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_OWN: Mapping[str, str] = {"docs.css": "text/css; charset=utf-8", "start.js": "text/javascript; charset=utf-8"}
_FOLDER = Path(__file__).parent / "static" / "docs"
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def blueprint(document: dict[str, Any], *, with_page: bool) -> Blueprint:
    routes = Blueprint("docs", __name__)
    # orjson cannot write the bound of an id: it has more than 64 bits.
    text = json.dumps(document)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return Response(text, content_type="application/json")

    if with_page:
        routes.add_url_rule("/docs", view_func=_page)
        routes.add_url_rule("/docs/<name>", view_func=_asset)
    return routes


def _page() -> Response:
    return _file("index.html", "text/html; charset=utf-8")


def _asset(name: str) -> Response:
    if name in _OWN:
        return _file(name, _OWN[name])
    if name not in _ASSETS:
        abort(404)
    content = (files("flask_swagger_ui") / "dist" / name).read_bytes()
    headers = {**_HEADERS, "Cache-Control": "public, max-age=3600"}
    return Response(content, content_type=_ASSETS[name], headers=headers)


def _file(name: str, kind: str) -> Response:
    return Response((_FOLDER / name).read_bytes(), content_type=kind, headers=dict(_HEADERS))
