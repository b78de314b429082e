"""Flask without what it would serve or redirect by itself, and without the steps that no request here needs."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.ctx import AppContext
from flask.globals import _cv_app, _cv_request
from werkzeug.routing import BaseConverter, MapAdapter

from gateway.afterwards import do_afterwards
from gateway.api.context import GatewayContext, NoGlobals
from gateway.api.request import GatewayRequest, GatewayResponse, current_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Request, Response
    from flask.sansio.blueprints import Blueprint
    from werkzeug.routing import Rule

    from gateway.serving.plan import WorkerPlan

# Set by Flask's test client within its ``with`` block.
_KEEP_CONTEXT = "werkzeug.debug.preserve_context"


class Application(Flask):
    """``plan``: for the worker; the operators' application has none.

    Hooks are the application's alone. There are no sessions, signals or coroutines.
    """

    request_class = GatewayRequest
    response_class = GatewayResponse
    app_ctx_globals_class = NoGlobals  # type: ignore[assignment]  # Flask asks for nothing of it
    plan: WorkerPlan

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.url_map.merge_slashes = False
        self.url_map.converters["rest"] = _Rest
        # No route depends on the host, and without a name of its own Flask would refuse some hosts.
        self.config["SERVER_NAME"] = "localhost"

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Raises TypeError for one with hooks of its own, which would never be called."""
        super().register_blueprint(blueprint, **options)
        hooks = (self.before_request_funcs, self.after_request_funcs, self.teardown_request_funcs)
        if any(name is not None for each in (*hooks, self.url_value_preprocessors) for name in each):
            raise TypeError(f"the blueprint {blueprint.name} has hooks; only the application may")

    def request_context(self, environ: dict[str, Any]) -> GatewayContext:
        return GatewayContext(self, GatewayRequest(environ), self._own_context, self._fixed_rules)

    @cached_property
    def _own_context(self) -> AppContext:
        return AppContext(self)

    @cached_property
    def _fixed_rules(self) -> Mapping[tuple[str, str], Rule]:
        """By path and method, those without variable parts."""
        found: dict[tuple[str, str], Rule] = {}
        for rule in self.url_map.iter_rules():
            for method in (rule.methods or ()) if not rule.arguments else ():
                found.setdefault((rule.rule, method), rule)
        return found

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(None)
        # Neither scheme nor host choose a route, so nobody need look them up.
        return MapAdapter(self.url_map, "localhost", "/", "", "http", request.path, request.method)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        context = self.request_context(environ)
        pop: Callable[[], None] = context.pop
        try:
            try:
                context.push()
                response = self.full_dispatch_request()
            except Exception as exc:  # noqa: BLE001 -- whatever it is, it is answered
                pop = partial(context.pop, exc)
                response = self.handle_exception(exc)
            return response(environ, start_response)
        finally:
            if (keep := environ.get(_KEEP_CONTEXT)) is not None:
                keep(_cv_app.get())
                keep(_cv_request.get())
            do_afterwards(environ, pop)

    def full_dispatch_request(self) -> Response:
        # Flask's steps. It would look up the request, its blueprints and listeners at each of them.
        answer: Any
        try:
            for enter in self._entering:
                enter()
            answer = self.dispatch_request()
        except Exception as error:  # noqa: BLE001 -- the handlers know each kind
            answer = self.handle_user_exception(error)
        return self.process_response(answer if isinstance(answer, GatewayResponse) else self.make_response(answer))

    def dispatch_request(self) -> Any:
        request = current_request()
        rule: Any = request.url_rule
        if rule is None:
            self.raise_routing_exception(request)
        view = self.view_functions[rule.endpoint]
        return view(**request.view_args) if request.view_args else view()

    def process_response(self, response: Response) -> Response:
        for leave in self._leaving:
            response = leave(response)
        return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        for forget in self._forgetting:
            forget(exc)

    # Flask takes no hook after the first request. They are called in its order.
    @cached_property
    def _entering(self) -> tuple[Callable[[], Any], ...]:
        return tuple(self.before_request_funcs.get(None, ()))

    @cached_property
    def _leaving(self) -> tuple[Callable[[Response], Response], ...]:
        return tuple(reversed(self.after_request_funcs.get(None, ())))

    @cached_property
    def _forgetting(self) -> tuple[Callable[[BaseException | None], Any], ...]:
        return tuple(reversed(self.teardown_request_funcs.get(None, ())))

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Nothing lives as long as this context."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # No view is a coroutine. Flask would look at each function of each request.
        return func


class _Rest(BaseConverter):
    """``<rest:name>`` is the rest of a path, which may begin with a slash."""

    regex = ".+?"
    part_isolating = False
