"""The core as one handler: it counts, authenticates, spoils and answers calls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sandbox.core.api import Api
from sandbox.core.collections import COLLECTIONS
from sandbox.core.controls import Controls
from sandbox.core.dialects.base import Own
from sandbox.core.errors import legacy_error
from sandbox.core.journal import Journal
from sandbox.core.store import Store
from sandbox.server.messages import Answer, Refusal
from sandbox.server.router import Router

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.core.collections import Collection
    from sandbox.core.database import Database
    from sandbox.core.dialects.base import Dialect
    from sandbox.core.trouble import Trouble
    from sandbox.server.connection import Traffic
    from sandbox.server.messages import Request


class Core:
    """``statuses`` counts calls by what left: a status, or the name of an ending without one.

    ``dialect``: the words of its calls and answers.
    """

    def __init__(
        self,
        database: Database,
        trouble: Trouble,
        traffic: Traffic,
        *,
        needs_bearer: bool,
        honours_idempotency: bool,
        collections: Sequence[Collection] = COLLECTIONS,
        dialect: Dialect | None = None,
    ) -> None:
        store, journal = Store(database, collections), Journal(database)
        self._trouble = trouble
        self._dialect = dialect or Own()
        self._needs_bearer = needs_bearer
        self._statuses: Counter[str] = Counter()
        api = Api(database, store, journal, collections, honours_idempotency=honours_idempotency)
        controls = Controls(
            api=api, store=store, journal=journal, trouble=trouble, traffic=traffic, statuses=self._statuses
        )
        self._calls = Router(api.routes(), legacy_error)
        self._controls = Router(controls.routes(), legacy_error)

    def __call__(self, request: Request) -> Answer:
        if request.target.startswith(("/_sandbox/", "/healthz")):
            return self._controls(request)
        try:
            answer = self._call(self._dialect.understood(request))
        except Refusal as refusal:
            answer = refusal.answer
        answer = self._dialect.spoken(answer)
        self._statuses[_left(answer)] += 1
        return self._trouble.weather.slow(answer)

    def _call(self, request: Request) -> Answer:
        if self._needs_bearer and not request.headers.get("authorization", "").startswith("Bearer "):
            return legacy_error(401)
        fault = self._trouble.of(request)
        if fault is None:
            return self._calls(request)
        return fault.spoil(self._calls(request) if fault.is_applied else Answer())


def _left(answer: Answer) -> str:
    return str(answer.status) if answer.ending in {"keep", "close"} else answer.ending
