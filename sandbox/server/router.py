"""Routes: method, path with ``{names}``, handler. An unknown path is a 404, an unknown method a 405."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sandbox.server.messages import Answer, Request

RouteHandler = Callable[..., Answer]
Route = tuple[str, str, RouteHandler]


class Router:
    """Calls a handler with the request and the path's parts. ``error(status)`` makes 404 and 405."""

    def __init__(self, routes: Sequence[Route], error: Callable[[int], Answer]) -> None:
        self._error = error
        table: dict[str, dict[str, RouteHandler]] = {}
        for method, path, handler in routes:
            table.setdefault(path, {})[method] = handler
        self._table = [(_pattern(path), methods) for path, methods in table.items()]

    def __call__(self, request: Request) -> Answer:
        path = request.path
        for pattern, methods in self._table:
            found = pattern.fullmatch(path)
            if found:
                handler = methods.get(request.method)
                return handler(request, **found.groupdict()) if handler else self._not_allowed(methods)
        return self._error(404)

    def _not_allowed(self, methods: Mapping[str, RouteHandler]) -> Answer:
        answer = self._error(405)
        return replace(answer, headers=(*answer.headers, ("Allow", ", ".join(methods))))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
