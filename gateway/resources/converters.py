"""The closed set of conversions of a value, each with its inverse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from gateway.resources.moments import PublicTimes, unix_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HEX_AS_ZERO = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
_UUID_FORM = b"00000000-0000-0000-0000-000000000000"
_PUBLIC = "%Y-%m-%d %H:%M:%S"
_PUBLIC_LENGTH = 19


class Conversion(NamedTuple):
    """``write`` gives the core's value, ``read`` the public one; ``read`` raises ValueError for what it is none of.

    Where there is a ``table``, values of the type ``kind`` are looked up in it. It raises LookupError or OverflowError.
    """

    write: Callable[[Any], object]
    read: Callable[[object], object]
    kind: type = object
    table: Mapping[Any, object] | None = None


def by_words(words: Mapping[str, Any]) -> Conversion:
    """Public word → the core's. These are all different, and of one type."""
    public = {legacy: word for word, legacy in words.items()}
    return Conversion(words.__getitem__, _looked_up(public), type(next(iter(public))), public)


def as_sent() -> Conversion:
    """An answer's value as the core names it."""
    return Conversion(_unchanged, _named)


def as_list() -> Conversion:
    return Conversion(_unchanged, _uuids)


def joined(separator: str) -> Conversion:
    """UUIDs in one text."""

    def read(text: object) -> list[str]:
        if type(text) is str:
            listed = text.split(separator)
            # A tenth of what a pattern costs.
            form = separator.join([_UUID_FORM.decode()] * len(listed)).encode()
            if text.encode().translate(_HEX_AS_ZERO) == form:
                return listed
        if not (text is None or text == ""):
            raise ValueError
        return []

    return Conversion(separator.join, read)


def times_in_seconds() -> Conversion:
    times = PublicTimes()
    return Conversion(unix_seconds, _looked_up(times), int, times)


def times_in_millis() -> Conversion:
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


def times_as_texts(pattern: str, zone: str) -> Conversion:
    """``pattern`` is strptime's; empty: ISO 8601 with its offset. ``zone`` is that of the core's texts.

    Raises ValueError for a zone that is not known.
    """
    where = _zone(zone)

    def write(text: str | None) -> str | None:
        if text is None:
            return None
        moment = datetime.strptime(text, _PUBLIC).replace(tzinfo=UTC).astimezone(where)
        return moment.strftime(pattern) if pattern else moment.isoformat().replace("+00:00", "Z")

    def read(text: object) -> str | None:
        if text is None:
            return None
        if type(text) is not str:
            raise ValueError
        moment = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007 -- below
        aware = moment if moment.tzinfo else moment.replace(tzinfo=where)
        return str(aware.astimezone(UTC).replace(tzinfo=None, microsecond=0))

    return Conversion(write, read)


def times_as_sent() -> Conversion:
    """``YYYY-MM-DD HH:MM:SS`` in UTC on both sides."""

    def read(text: object) -> object:
        if type(text) is not str:
            if text is None:
                return None
            raise ValueError
        if len(text) != _PUBLIC_LENGTH:
            raise ValueError
        datetime.strptime(text, _PUBLIC)  # noqa: DTZ007 -- only its form counts
        return text

    return Conversion(_unchanged, read)


def _zone(name: str) -> Any:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as exc:
        raise ValueError(f"{name!r} is no time zone that this machine knows") from exc


def _looked_up(table: Mapping[Any, object]) -> Callable[[object], object]:
    return table.__getitem__


def _unchanged(value: object) -> object:
    return value


def _named(value: object) -> object:
    # A float may be a number that lost its last digits.
    if type(value) in (int, str, type(None)):
        return value
    raise ValueError


def _uuids(value: object) -> Sequence[str]:
    if value is None:
        return []
    if type(value) is not list or any(type(each) is not str for each in value):
        raise ValueError
    return value
