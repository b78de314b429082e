from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gateway.auth.api_keys.key import PREFIX, hashed, matches, parse
from gateway.auth.errors import InvalidCredentials, KeysUnavailable, SourceFailed
from gateway.auth.principal import Method, Principal
from gateway.auth.scopes import INTEGRATION_API
from gateway.expiring import Expiring

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from gateway.auth.api_keys.key import KeyText
    from gateway.auth.api_keys.record import ApiKey
    from gateway.auth.credentials import Credentials

_log = logging.getLogger(__name__)

API_KEY = Method(
    "api_key",
    "an API key",
    frozenset({INTEGRATION_API}),
    scheme="Bearer",
    security={"type": "http", "scheme": "bearer", "description": f"An API key with the scope {INTEGRATION_API}."},
    names_permissions=True,
    forwards=True,
)

RECORD_SECONDS = 5.0
TOUCH_SECONDS = 60.0
MOST_RECORDS = 10_000


class KeyRecords(Protocol):
    """Raises SourceFailed."""

    def get(self, key_id: str) -> ApiKey | None:
        """None: no such key. A revoked one is returned."""

    def version(self) -> Hashable:
        """Changes whenever a record may have changed. Cheap; raises nothing."""

    def touch(self, key_id: str, at: float) -> None:
        """``at`` is in Unix seconds."""


class _Seen(NamedTuple):
    version: Hashable
    record: ApiKey | None


class ApiKeyAuthenticator:
    """Takes Bearer credentials that begin like an API key.

    A revoked key stops working within seconds in every worker.
    """

    method = API_KEY

    def __init__(
        self,
        records: KeyRecords,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._clock = clock
        self._wall_clock = wall_clock
        self._recent: Expiring[str, _Seen] = Expiring(MOST_RECORDS, clock)
        self._touched: Expiring[str, bool] = Expiring(MOST_RECORDS, clock)
        self._told = ""
        # An unknown id costs the same comparisons as a wrong secret.
        self._decoy = hashed("")

    def identify(self, credentials: Credentials) -> Principal | None:
        """Raises InvalidCredentials, or KeysUnavailable where the store is unusable."""
        text = credentials.bearer
        if not text.startswith(PREFIX):
            return None
        key = parse(text)
        record = self._record_of(key)
        if record is None:
            raise InvalidCredentials("unknown API key or wrong secret")
        if record.revoked:
            raise InvalidCredentials(f"API key {key.id} was revoked")
        self._touch(key.id)
        return _principal(record, f"Bearer {text}")

    def _holds(self, secret: str, record: ApiKey | None) -> bool:
        current = record.hash if record else self._decoy
        previous = record.previous_hash if record and self._wall_clock() < record.previous_until else ""
        # Both are compared in any case: the time must not show which of them exists.
        return matches(secret, current) | matches(secret, previous or self._decoy)

    def _record_of(self, key: KeyText) -> ApiKey | None:
        """None if the secret is wrong."""
        seen = self._recent.get(key.id)
        if seen:
            if self._holds(key.secret, seen.record):
                return seen.record
            # A secret made a moment ago is newer than the cached record.
            if seen.version == self._records.version():
                return None
        record = self._read(key.id)
        return record if self._holds(key.secret, record) else None

    def _read(self, key_id: str) -> ApiKey | None:
        version = self._records.version()
        try:
            record = self._records.get(key_id)
        except SourceFailed as exc:
            self._tell(exc.reason)
            raise KeysUnavailable(f"API keys: {exc.reason}") from exc
        self._tell("")
        self._recent.put(key_id, _Seen(version, record), self._clock() + RECORD_SECONDS)
        return record

    def _tell(self, reason: str) -> None:
        before, self._told = self._told, reason
        if reason and reason != before:
            _log.error("api_keys_unavailable", extra={"reason": reason})
        elif before and not reason:
            _log.warning("api_keys_available")

    def _touch(self, key_id: str) -> None:
        if self._touched.get(key_id):
            return
        self._touched.put(key_id, True, self._clock() + TOUCH_SECONDS)
        try:
            self._records.touch(key_id, self._wall_clock())
        except SourceFailed as exc:
            _log.info("api_key_use_not_noted", extra={"key": key_id, "reason": exc.reason})


def _principal(record: ApiKey, authorization: str) -> Principal:
    return Principal(
        id=f"key:{record.id}",
        method=API_KEY,
        scopes=record.scopes,
        integrations=record.integrations,
        rate=record.rate,
        authorization=authorization,
    )
