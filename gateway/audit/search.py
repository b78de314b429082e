"""What is looked for among the lines."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from gateway.audit.line import unfolded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.audit.sink import Sink

_AGO = re.compile(r"(\d{1,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Wish(NamedTuple):
    """What is empty chooses nothing out. ``item``: an item's id, or its last part. ``is_of``: whether a caller counts."""

    item: str = ""
    principal: str = ""
    request_id: str = ""
    since: datetime | None = None
    is_of: Callable[[str], bool] | None = None

    @property
    def words(self) -> list[bytes]:
        """What a line must hold. Most lines need not be parsed then."""
        given = (self.item, self.principal, self.request_id)
        return [orjson.dumps(word)[1:-1] for word in given if word]

    def is_about(self, line: dict[str, Any]) -> bool:
        principal = line["principal"]
        if self.principal not in ("", principal) or self.request_id not in ("", line["request_id"]):
            return False
        return self.is_of is None or self.is_of(principal)


def parse_since(text: str, now: datetime) -> datetime:
    """``90s``, ``15m``, ``2h``, ``3d`` ago, or a time of ISO 8601, in UTC where it names no zone. Raises ValueError."""
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ValueError("must be so long ago (90s, 15m, 2h, 3d) or a time (2026-11-28T10:00)") from exc
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def records(sink: Sink, wish: Wish, most_lines: int | None = None) -> Iterator[dict[str, Any]]:
    """A record an item, newest batch first. Raises AuditUnavailable."""
    for line in lines(sink, wish, most_lines):
        for record in unfolded(line):
            if not wish.item or _is_named(wish.item, str(record["id"])):
                yield record


def lines(sink: Sink, wish: Wish, most_lines: int | None = None) -> Iterator[dict[str, Any]]:
    """Newest first, of ``most_lines`` at most. Raises AuditUnavailable."""
    for line in itertools.islice(sink.newest(wish.since), most_lines):
        if all(word in line for word in wish.words):
            parsed = orjson.loads(line)
            if wish.since and datetime.fromisoformat(parsed["time"]) < wish.since:
                continue
            if wish.is_about(parsed):
                yield parsed


def _is_named(item: str, item_id: str) -> bool:
    return item == item_id or item_id.endswith(f"/{item}")
