"""``/openapi.json``, and ``/docs`` to read and try it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSETS: Mapping[str, str] = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# Relative links work behind a proxy that adds a path. The assets come from an installed package.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bulk-update gateway</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


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
    return Response(_PAGE, content_type="text/html; charset=utf-8", headers=dict(_HEADERS))


def _asset(name: str) -> Response:
    if name == "start.js":
        return Response(_START, content_type="text/javascript; charset=utf-8", headers=dict(_HEADERS))
    if name not in _ASSETS:
        abort(404)
    content = (files("flask_swagger_ui") / "dist" / name).read_bytes()
    headers = {**_HEADERS, "Cache-Control": "public, max-age=3600"}
    return Response(content, content_type=_ASSETS[name], headers=headers)
