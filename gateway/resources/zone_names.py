"""Times that end in the name of a zone: ``15.01.2025/08:00:00/MEZ``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.resources.converters import Conversion
from gateway.resources.map_tables import table, text_in, wrong
from gateway.resources.time_converters import as_read, moment_of, public_text, writer_of, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import tzinfo

_DIRECTIVE = re.compile("%(.)", re.DOTALL)
_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])").fullmatch
# Both halves of a year, where clocks change.
_MONTHS = tuple(datetime(2025, month, 10, tzinfo=UTC) for month in range(1, 13))


class _Named(NamedTuple):
    """``pattern`` has the name in place of ``%Z``, and so has ``read_pattern``, which is strptime's."""

    name: str
    zone: tzinfo
    pattern: str
    read_pattern: str


def has_zone_name(pattern: str) -> bool:
    return "Z" in _DIRECTIVE.findall(pattern)


def zoned(where: str, row: Mapping[str, Any], pattern: str, zone: str) -> Conversion:
    """``zones`` of the row: name → offset, or a zone that this machine knows.

    Raises CoreMapError, and ValueError for a ``zone`` that is not known.
    """
    core_zone = zone_of(zone)
    zones = table(row, "zones", where)
    named = [
        _Named(name, _zone(zones, where, name), _with_name(pattern, name), _with_name(as_read(pattern), name))
        for name in zones
    ]
    for moment in _MONTHS:
        if _of_moment(named, moment, core_zone) is None:
            offset = moment.astimezone(core_zone).isoformat()[-6:]
            raise wrong(f"{where}zones", f"must have a name for {offset}, which {zone} has in {moment:%Y-%m}")
    return _conversion(named, core_zone, writer_of(pattern))


def _conversion(named: Sequence[_Named], core_zone: tzinfo, show: Callable[[datetime, str], str]) -> Conversion:
    def write(text: str | None) -> str | None:
        if text is None:
            return None
        moment = moment_of(text)
        # Of times before there were zones. Any name tells the moment with its own offset.
        found = _of_moment(named, moment, core_zone) or named[0]
        return show(moment.astimezone(found.zone), found.pattern)

    def read(text: object) -> str | None:
        if text is None:
            return None
        if type(text) is not str:
            raise ValueError
        for name, zone, _, pattern in named:
            if name in text:
                try:
                    return public_text(datetime.strptime(text, pattern).replace(tzinfo=zone))
                except ValueError:
                    continue
        raise ValueError

    return Conversion(write, read)


def _of_moment(named: Sequence[_Named], moment: datetime, core_zone: tzinfo) -> _Named | None:
    offset = core_zone.utcoffset(moment.astimezone(core_zone))
    return next((each for each in named if moment.astimezone(each.zone).utcoffset() == offset), None)


def _with_name(pattern: str, name: str) -> str:
    escaped = name.replace("%", "%%")
    return _DIRECTIVE.sub(lambda found: escaped if found[1] == "Z" else found[0], pattern)


def _zone(zones: Mapping[str, Any], where: str, name: str) -> tzinfo:
    given = text_in(zones, f"{where}zones.", name, "")
    if not name:
        raise wrong(f"{where}zones", "must have no empty name")
    if found := _OFFSET(given):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(ahead if found[1] == "+" else -ahead)
    try:
        return zone_of(given)
    except ValueError as exc:
        raise wrong(f"{where}zones.{name}", "must be an offset, like '+01:00', or a time zone of this machine") from exc
