"""One context for a request, where Flask makes two."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Never

from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, _cv_request
from flask.sessions import NullSession

from gateway.telemetry.context import request_context

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token

    from flask import Flask
    from werkzeug.routing import MapAdapter, Rule

    from gateway.api.request import GatewayRequest


class GatewayContext(RequestContext):
    """That of the application goes with it, and is the same for all requests: nothing lives as long as it.

    There are no sessions and no messages for a next request.
    """

    request: GatewayRequest
    flashes = None
    _session = NullSession()

    def __init__(
        self, app: Flask, request: GatewayRequest, own: AppContext, fixed_rules: Mapping[tuple[str, str], Rule]
    ) -> None:
        """``own`` is that of the application. ``fixed_rules`` are by path and method."""
        self.app = app
        self.request = request
        self._own = own
        self._fixed_rules = fixed_rules
        self._before: list[tuple[Token[RequestContext], Token[AppContext]]] = []

    @cached_property
    def url_adapter(self) -> MapAdapter | None:  # type: ignore[override]  # Flask makes one for each request
        return self.app.create_url_adapter(self.request)

    def push(self) -> None:
        self._before.append((_cv_request.set(self), _cv_app.set(self._own)))
        request_context.set(self.request.id)
        self.match_request()

    def match_request(self) -> None:
        request = self.request
        rule = self._fixed_rules.get((request.path, request.method))
        if rule is None:
            super().match_request()
        else:
            request.url_rule = rule

    def pop(self, exc: BaseException | None = None) -> None:
        """``exc`` ended the request."""
        try:
            # Nobody reads a form, so no file of one is open.
            if len(self._before) == 1:
                self.app.do_teardown_request(exc)
                request_context.set("")
        finally:
            request, app = self._before.pop()
            _cv_request.reset(request)
            _cv_app.reset(app)


class NoGlobals:
    """In place of Flask's ``g``, which all requests would share."""

    def __setattr__(self, name: str, _value: object) -> Never:
        raise TypeError(f"{name}: nothing may be kept in g; keep it in the request")
