from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.admission.sqlite_file import EmbeddedDatabase, EmbeddedUnavailable, Layout
from gateway.audit.sink import AuditUnavailable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

_LAYOUT = Layout(
    application_id=0x62756174,
    version=1,
    schema="""
        CREATE TABLE line (number INTEGER PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL);
        CREATE INDEX line_by_time ON line (at)
    """,
)
_DAY_SECONDS = 86_400.0
_NEARLY_FULL = 0.9
_PORTION = 1000
_PAGE = 500


class SqliteSink:
    """One file for the workers of a host. Lines go after ``days``, and the oldest before the file is full."""

    def __init__(self, path: Path, *, max_bytes: int, days: float, clock: Callable[[], float] = time.time) -> None:
        self._database = EmbeddedDatabase(path, _LAYOUT, max_bytes=max_bytes)
        self._max_bytes = max_bytes
        self._seconds = days * _DAY_SECONDS
        self._clock = clock

    def write(self, lines: Sequence[bytes]) -> None:
        now = self._clock()
        try:
            with self._database.transaction() as rows:
                self._make_room(rows, now)
                rows.executemany("INSERT INTO line (at, body) VALUES (?, ?)", [(now, line) for line in lines])
        except EmbeddedUnavailable as exc:
            raise AuditUnavailable(exc.reason) from exc

    def newest(self, since: datetime | None = None) -> Iterator[bytes]:
        before = None
        while page := self._page(before, since.timestamp() if since else 0.0):
            yield from (body for _, body in page)
            before = page[-1][0]

    def close(self) -> None:
        self._database.close()

    def _page(self, before: int | None, since: float) -> list[tuple[int, bytes]]:
        query = "SELECT number, body FROM line WHERE (? IS NULL OR number < ?) AND at >= ? ORDER BY number DESC LIMIT ?"
        try:
            with self._database.transaction(writes=False) as rows:
                return rows.execute(query, (before, before, since, _PAGE)).fetchall()
        except EmbeddedUnavailable as exc:
            raise AuditUnavailable(exc.reason) from exc

    def _make_room(self, rows: sqlite3.Connection, now: float) -> None:
        oldest = "DELETE FROM line WHERE number IN (SELECT number FROM line WHERE at < ? ORDER BY number LIMIT ?)"
        rows.execute(oldest, (now - self._seconds, _PORTION))
        query = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        if rows.execute(query).fetchone()[0] > _NEARLY_FULL * self._max_bytes:
            rows.execute(oldest, (float("inf"), _PORTION))
