"""Every applied call with its key. Tests reconcile with it, and repeated keys are answered from it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from sandbox.core.database import Database, Row
    from sandbox.server.messages import Request


class Journal:
    """Append-only, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, request: Request, answer: bytes) -> None:
        entry = {
            "at": time.time(),
            "method": request.method,
            "path": request.path,
            "idempotency_key": request.headers.get("idempotency-key"),
            "request_id": request.headers.get("x-request-id"),
            "traceparent": request.headers.get("traceparent"),
            "timeout_ms": request.headers.get("x-request-timeout-ms"),
            "body": request.body.decode(),
            "answer": answer.decode(),
        }
        self._database.insert("journal", entry)

    def find(self, idempotency_key: str) -> Row | None:
        """The first call applied under a key."""
        return self._database.one("SELECT * FROM journal WHERE idempotency_key = ? ORDER BY seq", idempotency_key)

    def after(self, seq: int) -> list[Row]:
        """Applied calls with a number above ``seq``; ``body`` and ``answer`` as JSON values."""
        rows = self._database.all("SELECT * FROM journal WHERE seq > ? ORDER BY seq", seq)
        return [{**row, "body": orjson.loads(row["body"]), "answer": orjson.loads(row["answer"])} for row in rows]

    def count(self) -> int:
        row = self._database.one("SELECT count(*) AS applied FROM journal")
        return int(row["applied"]) if row else 0

    def clear(self) -> None:
        self._database.clear("journal")
