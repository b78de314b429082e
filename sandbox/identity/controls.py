"""What only a sandbox has: key rotation, tokens made to order, counters and faults, under ``/_sandbox``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.identity import tokens
from sandbox.identity.keys import ALGORITHMS, Key, new_key
from sandbox.identity.realm import CLIENTS
from sandbox.server.messages import Refusal, json_answer

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from sandbox.identity.climate import Climate
    from sandbox.identity.realm import Realm
    from sandbox.server.messages import Answer, Request
    from sandbox.server.router import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """A body's ``realm`` says which; without it, the first."""

    realms: Mapping[str, Realm]
    climate: Climate
    calls: Counter[str]

    def routes(self) -> list[Route]:
        """Method, path, handler."""
        return [
            ("GET", "/healthz", self.health),
            ("GET", "/_sandbox/calls", self.count),
            ("POST", "/_sandbox/reset", self.reset),
            ("POST", "/_sandbox/rotate", self.rotate),
            ("POST", "/_sandbox/withdraw", self.withdraw),
            ("POST", "/_sandbox/mint", self.mint),
            ("PUT", "/_sandbox/weather", self.set_weather),
        ]

    def health(self, _request: Request) -> Answer:
        """200 while the server answers."""
        return json_answer({"status": "ok"})

    def count(self, _request: Request) -> Answer:
        """How often each endpoint was called."""
        return json_answer({"total": self.calls.total(), "by_endpoint": self.calls})

    def reset(self, _request: Request) -> Answer:
        """The command line's weather, empty counters, valid tokens. Keys stay."""
        self.climate.reset()
        self.calls.clear()
        for realm in self.realms.values():
            realm.ended.clear()
            realm.devices.clear()
        return json_answer({"status": "ok"})

    def rotate(self, request: Request) -> Answer:
        """``{"algorithm"}``: sign with a new key; 200 with its ``kid``."""
        wanted = _body(request)
        if wanted.get("algorithm", ALGORITHMS[0]) not in ALGORITHMS:
            raise _refused(f"algorithm is one of {', '.join(ALGORITHMS)}")
        return json_answer({"kid": self._realm(wanted).keys.rotate(wanted.get("algorithm", "")).kid})

    def withdraw(self, request: Request) -> Answer:
        """``{"kid"}``: stop publishing a retired key (without it: all retired ones); 200 with their ids."""
        wanted = _body(request)
        return json_answer({"withdrawn": self._realm(wanted).keys.withdraw(wanted.get("kid", ""))})

    def mint(self, request: Request) -> Answer:
        """A token to order: 200 with ``token``.

        ``client`` gives the usual claims; ``claims`` and ``header`` change them, null removes one. ``key`` is ``active``,
        ``foreign`` (a key nobody published), ``none`` (no signature), or a ``kid``.
        """
        wanted = _body(request)
        realm = self._realm(wanted)
        client = CLIENTS.get(wanted.get("client", "partner"))
        key = _signer(realm, wanted.get("key", "active"))
        if client is None or key is None:
            raise _refused("unknown client or key")
        claims = _changed(tokens.access_claims(realm, client, None, "", ""), wanted.get("claims", {}))
        return json_answer(
            {"token": tokens.encode(key, claims, _changed(tokens.usual_header(key), wanted.get("header", {})))}
        )

    def set_weather(self, request: Request) -> Answer:
        """``{"latency_ms", "fault_rate", "faults", "endpoints"}`` for later calls. Defaults are 0 and all."""
        try:
            self.climate.change(_body(request))
        except (ValueError, TypeError) as exc:
            raise _refused(str(exc)) from exc
        return json_answer({"status": "ok"})

    def _realm(self, wanted: Mapping[str, Any]) -> Realm:
        realm = self.realms.get(wanted.get("realm", next(iter(self.realms))))
        if realm is None:
            raise _refused("unknown realm")
        return realm


def _signer(realm: Realm, name: str) -> Key | None:
    active = realm.keys.active
    match name:
        case "active":
            return active
        case "foreign":
            return Key(active.kid, active.algorithm, new_key(active.algorithm).pair)
        case "none":
            return Key(active.kid, "none", active.pair)
    return realm.keys.find(name)


def _changed(usual: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def _body(request: Request) -> dict[str, Any]:
    try:
        body = request.json() if request.body else {}
    except ValueError as exc:
        raise _refused(str(exc)) from exc
    if not isinstance(body, dict):
        raise _refused("the body must be an object")
    return body


def _refused(message: str) -> Refusal:
    return Refusal(json_answer({"error": message}, 400))
