"""The identity provider as one handler: it counts, spoils and answers calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.identity import devices, discovery, grants, sessions
from sandbox.identity.controls import Controls
from sandbox.identity.errors import plain_error, refuse
from sandbox.identity.realm import Realm
from sandbox.server.messages import Answer, Refusal, Request
from sandbox.server.router import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.identity.climate import Climate
    from sandbox.server.router import Route, RouteHandler

Endpoint = Callable[[Realm, Request], Answer]

_OPENID = "/realms/{realm}/protocol/openid-connect"
ENDPOINTS: tuple[tuple[str, str, str, Endpoint], ...] = (
    ("realm", "GET", "/realms/{realm}", discovery.page),
    ("realm", "GET", "/realms/{realm}/", discovery.page),
    ("configuration", "GET", "/realms/{realm}/.well-known/openid-configuration", discovery.configuration),
    ("certs", "GET", f"{_OPENID}/certs", discovery.certs),
    ("auth", "GET", f"{_OPENID}/auth", discovery.login_page),
    ("device", "POST", f"{_OPENID}/auth/device", devices.authorize),
    ("device_page", "GET", "/realms/{realm}/device", devices.page),
    ("device_page", "POST", "/realms/{realm}/device", devices.decide),
    ("token", "POST", f"{_OPENID}/token", grants.token),
    ("introspect", "POST", f"{_OPENID}/token/introspect", sessions.introspect),
    ("revoke", "POST", f"{_OPENID}/revoke", sessions.revoke),
    ("logout", "POST", f"{_OPENID}/logout", sessions.logout),
    ("userinfo", "GET", f"{_OPENID}/userinfo", sessions.user_info),
    ("userinfo", "POST", f"{_OPENID}/userinfo", sessions.user_info),
)


class Identity:
    """A handler over realms by name."""

    def __init__(self, realms: Mapping[str, Realm], climate: Climate) -> None:
        self._realms = realms
        self._climate = climate
        self._calls: Counter[str] = Counter()
        controls = Controls(realms=realms, climate=climate, calls=self._calls).routes()
        self._route = Router([*controls, *(self._guarded(*endpoint) for endpoint in ENDPOINTS)], plain_error)

    def __call__(self, request: Request) -> Answer:
        return self._route(request)

    def _guarded(self, name: str, method: str, path: str, endpoint: Endpoint) -> Route:
        def handle(request: Request, realm: str) -> Answer:
            self._calls[name] += 1
            fault = self._climate.fault(name)
            answer = Answer() if fault and not fault.is_applied else self._answer(endpoint, request, realm)
            return self._climate.over(name).slow(fault.spoil(answer) if fault else answer)

        handler: RouteHandler = handle
        return method, path, handler

    def _answer(self, endpoint: Endpoint, request: Request, realm: str) -> Answer:
        try:
            if realm not in self._realms:
                raise refuse(404, "Realm does not exist")
            return endpoint(self._realms[realm], request)
        except Refusal as refusal:
            return refusal.answer
