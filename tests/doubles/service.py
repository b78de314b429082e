"""The application over fakes that fill its ports: a scripted core, one authenticator, stores of its own."""

from __future__ import annotations

import json
from dataclasses import replace

from limits.storage import MemoryStorage

from gateway.admission.rates.limits import RateLimits
from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.errors import InvalidCredentials
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.auth.principal import Principal
from gateway.settings import load
from gateway.wiring.app import create_app
from gateway.wiring.backends import Backends
from gateway.wiring.jobs import job_stores
from gateway.wiring.stores import idempotency_store
from legacy_client.transport.base import Backlog
from tests.doubles.telemetry import a_snapshot

ENVIRON = {
    "GATEWAY_CORE_URL": "http://core.test",
    "GATEWAY_KEYCLOAK_URL": "http://keycloak.test",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
    "GATEWAY_RATE_LIMIT": "",
}


class ScriptedCore:
    """Answers by action id from ``script``; what is not scripted is updated and echoed with its id."""

    def __init__(self):
        self.script = {}
        self.calls = []
        self.contexts = []

    def send(self, operation, updates, context):
        self.contexts.append(context)
        if context.marks:
            context.marks.begin(range(len(updates)))
        for position, update in reversed(list(enumerate(updates))):
            self.calls.append(update)
            yield position, self.script.get(update.id, {"id": operation.expected_id(update), **json.loads(update.body)})

    def send_one(self, operation, call, context):
        self.contexts.append(context)
        self.calls.append(call)
        return self.script.get(call.action_id, {"id": call.action_id, **call.fields})


class OneToken:
    """Knows the token ``good``; anything else is bad. ``key`` is the caller that has the API key of ``OneKey``."""

    method = KEYCLOAK

    def __init__(self):
        self.principal = Principal(
            id="partners:alice", method=KEYCLOAK, scopes=frozenset(), authorization="Bearer good"
        )
        self.key = Principal(id="key:1", method=API_KEY, scopes=frozenset({"INTEGRATION_API"}))

    def identify(self, credentials):
        if not credentials.bearer:
            return None
        if credentials.bearer == "good":
            return self.principal
        raise InvalidCredentials("not the good one")


class OneKey:
    """Takes ``key_…`` for the API key of a token's world."""

    method = API_KEY

    def __init__(self, world):
        self.world = world

    def identify(self, credentials):
        return self.world.key if credentials.bearer.startswith("key_") else None


class Service:
    """The application and what stands behind it, with verbs for tests."""

    def __init__(self, tmp_path, environ=()):
        self.core = ScriptedCore()
        self.authenticator = OneToken()
        self.settings = load({**ENVIRON, "GATEWAY_STATE_DIR": str(tmp_path), **dict(environ)})
        self.backends = Backends(
            core=self.core,
            backlog=lambda: Backlog(0, 0.0),
            health=a_snapshot,
            keys_age=lambda: None,
            keys_file_problem=str,
            authenticators=[OneKey(self.authenticator), self.authenticator],
            idempotency=idempotency_store(self.settings),
            item_rates=RateLimits(self.settings.stores.rate_limit, MemoryStorage(), name="items"),
            key_rates=RateLimits(self.settings.stores.key_rate_limit, MemoryStorage(), name="requests"),
            unsent_rates=RateLimits(self.settings.stores.unsent_rate_limit, MemoryStorage(), name="unsent-kib"),
            jobs=job_stores(self.settings),
            job_numbers=dict,
            checks={},
            close=self._close_stores,
        )
        self.app = create_app(self.settings, self.backends)
        self.client = self.app.test_client()

    def patch(self, *items, body=None, query="", **headers):
        """Send items, or a raw body, as the known caller; ``None`` removes a header."""
        sent = {"Authorization": "Bearer good", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        data = json.dumps({"data": list(items)}) if body is None else body
        return self.client.patch("/openapi/api/v1/actions" + query, data=data, headers=sent)

    def close(self):
        """The end of its worker."""
        self.app.plan.ended()

    def _close_stores(self):
        self.backends.idempotency.close()
        self.backends.jobs.close()

    def allow(self, **changes):
        """Change who the known caller is."""
        self.authenticator.principal = replace(self.authenticator.principal, **changes)


def assert_problem(response, status, slug):
    """The one shape of every error; gives its body."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    problem = response.get_json()
    assert problem["type"].endswith(f"/problems/{slug}")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == f"urn:request:{response.headers['X-Request-ID']}"
    return problem
