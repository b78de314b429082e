"""Conversions of times, each with its inverse."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.resources.converters import Conversion, looked_up, unchanged
from gateway.resources.moments import PublicTimes, unix_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

_PUBLIC = "%Y-%m-%d %H:%M:%S"
_FOUR_DIGITS = 1000
# Of days and months, which have capitals: GNU's %^b.
_NAMES = frozenset("aAbB")
_DIRECTIVE = re.compile(r"%(\^?)(.)", re.DOTALL)


def in_seconds() -> Conversion:
    times = PublicTimes()
    return Conversion(unix_seconds, looked_up(times), int, times)


def in_millis() -> Conversion:
    """Parts of a second are cut off."""
    times = PublicTimes()

    def write(text: str | None) -> int | None:
        return None if text is None else (unix_seconds(text) or 0) * 1000

    def read(millis: object) -> str | None:
        if millis is None:
            return None
        if type(millis) is not int:
            raise ValueError
        return times[millis // 1000]

    return Conversion(write, read)


def as_texts(pattern: str, zone: str) -> Conversion:
    """``pattern`` is strptime's; empty: ISO 8601 with its offset. ``zone`` is that of the core's texts.

    Names after ``%^`` are written in capitals. Raises ValueError for a zone that is not known.
    """
    where = zone_of(zone)
    show, read_pattern = writer_of(pattern), as_read(pattern)

    def write(text: str | None) -> str | None:
        if text is None:
            return None
        moment = moment_of(text).astimezone(where)
        return show(moment, pattern) if pattern else moment.isoformat().replace("+00:00", "Z")

    def read(text: object) -> str | None:
        if text is None:
            return None
        if type(text) is not str:
            raise ValueError
        moment = datetime.strptime(text, read_pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007 -- the next line gives it a zone
        aware = moment if moment.tzinfo else moment.replace(tzinfo=where)
        return public_text(aware)

    return Conversion(write, read)


def as_sent() -> Conversion:
    """``YYYY-MM-DD HH:MM:SS`` in UTC on both sides."""

    def read(text: object) -> object:
        if type(text) is not str:
            if text is None:
                return None
            raise ValueError
        # Partners would be told whatever passes here.
        if str(datetime.fromisoformat(text)) != text:
            raise ValueError
        return text

    return Conversion(unchanged, read)


def moment_of(text: str) -> datetime:
    """Of a public time."""
    return datetime.strptime(text, _PUBLIC).replace(tzinfo=UTC)


def public_text(moment: datetime) -> str:
    """Parts of a second are cut off. Raises OverflowError outside years 1 to 9999."""
    return str(moment.astimezone(UTC).replace(tzinfo=None, microsecond=0))


def as_read(pattern: str) -> str:
    """For strptime, to which names in any case are the same."""
    return _DIRECTIVE.sub(lambda found: f"%{found[2]}" if found[2] in _NAMES else found[0], pattern)


def writer_of(pattern: str) -> Callable[[datetime, str], str]:
    return shown if as_read(pattern) == pattern else _in_capitals


def _in_capitals(moment: datetime, pattern: str) -> str:
    # Not every C library knows GNU's flag.
    named = _DIRECTIVE.sub(
        lambda found: moment.strftime(f"%{found[2]}").upper() if found[1] and found[2] in _NAMES else found[0], pattern
    )
    return shown(moment, named)


def shown(moment: datetime, pattern: str) -> str:
    if moment.year >= _FOUR_DIGITS or "%%" in pattern:
        return moment.strftime(pattern)
    # The C library leaves out zeros in front of a year, and strptime wants them.
    return moment.strftime(pattern.replace("%Y", f"{moment.year:04}"))


def zone_of(name: str) -> tzinfo:
    """Raises ValueError for one that is not known."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as exc:
        raise ValueError(f"{name!r} is no time zone that this machine knows") from exc
