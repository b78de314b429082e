"""The field that is written, in the core's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from gateway.core.check.field_place import MISSING, FieldPlace
from schemas.containers import Translations, UuidList
from schemas.fields import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.resources.resource import Resource

_KINDS = (Translations, Timestamp, UuidList)
_MOST_UUIDS = 1000


class Sample(NamedTuple):
    """``raw`` is the core's value of what ``name`` says. ``unsendable``: why the map has none; empty: it has."""

    name: str
    raw: object
    unsendable: str = ""


class ItemField:
    """A text by language, a time, or a list of UUIDs. Raises ValueError for any other."""

    def __init__(self, resource: Resource, name: str, languages: Sequence[str]) -> None:
        fields = resource.schema.load_fields
        allowed = [each for each, field in fields.items() if isinstance(field, _KINDS)]
        if name not in allowed:
            raise ValueError(f"must be one of: {', '.join(allowed)}")
        self._resource = resource
        self._public = name
        self._field = fields[name]
        self._language = languages[0] if isinstance(self._field, Translations) else ""
        self._place = self._found_place()
        self.name = f"{name}.{self._language}" if self._language else name

    def body(self, raw: object) -> dict[str, Any]:
        """The item's fields with this one alone."""
        return self._place.body(raw)

    def raw_in(self, data: Mapping[str, Any]) -> object:
        """``MISSING`` where it does not stand."""
        return self._place.raw_in(data)

    def reads_as(self, data: Mapping[str, Any], raw: object) -> bool:
        """Whether partners read what they would read of ``raw``."""
        read, sent = (self._read(each) for each in (data, self.body(raw)))
        return self.raw_in(data) == raw or (read == sent and read is not MISSING)

    def may_be_one_of(self, data: Mapping[str, Any], raws: Sequence[object]) -> bool:
        """Whether partners read one of them, as far as the item shows the field."""
        return self.raw_in(data) is MISSING or any(self.reads_as(data, raw) for raw in raws)

    def other_than(self, own: object) -> tuple[object, object]:
        """Two values, different from each other and from ``own``."""
        first, second = [raw for raw in map(self._raw, self._others()) if raw != own][:2]
        return first, second

    def wrong_value(self) -> object:
        """An object, where no field has one."""
        return {"check": True}

    def samples(self) -> Iterator[Sample]:
        """What is valid by the contract, and hard to keep."""
        yield from (self._sample(name, self._public_of(value)) for name, value in self._hard())
        if self._field.allow_none:
            yield self._sample("null", None)

    def _sample(self, name: str, public: object) -> Sample:
        try:
            return Sample(name, self.raw_in(self._legacy(public)))
        except Exception as exc:  # noqa: BLE001 -- a team's own translation may raise anything
            return Sample(name, MISSING, str(exc) or type(exc).__name__)

    def _hard(self) -> Iterator[tuple[str, object]]:
        if isinstance(self._field, Translations):
            most = self._field.metadata["properties"][self._language]["maxLength"]
            yield "accents and an emoji", "Congé à 12 € \N{GRINNING FACE}"
            yield f"{most:,} characters", "x" * most
        elif isinstance(self._field, Timestamp):
            yield from ((text[:4], text) for text in ("1970-01-01 00:00:00", "2038-01-19 03:14:08"))
            yield "9999", "9999-12-31 23:59:59"
        else:
            yield f"{_MOST_UUIDS:,} ids", [str(UUID(int=number, version=4)) for number in range(1, _MOST_UUIDS + 1)]

    def _others(self) -> Sequence[object]:
        if isinstance(self._field, Translations):
            return "gateway check", "gateway check 2", "gateway check 3"
        if isinstance(self._field, Timestamp):
            return "2001-01-01 00:00:00", "2001-01-02 00:00:00", "2001-01-03 00:00:00"
        return [[str(UUID(int=number, version=4))] for number in (1, 2, 3)]

    def _raw(self, value: object) -> object:
        return self.raw_in(self._legacy(self._public_of(value)))

    def _public_of(self, value: object) -> object:
        return {self._language: value} if self._language else value

    def _legacy(self, public: object) -> dict[str, object]:
        return self._resource.translation.to_legacy({self._resource.id_name: "1", self._public: public})

    def _read(self, data: Mapping[str, Any]) -> object:
        read = self._resource.translation.from_legacy("1", data).get(self._public, MISSING)
        if self._language and type(read) is dict:
            return read.get(self._language, MISSING)
        return read

    def _found_place(self) -> FieldPlace:
        one, other = self._apart()
        try:
            return FieldPlace(self._shown(one), self._shown(other))
        except ValueError as exc:
            raise ValueError(f"{self._public} must stand at one place in the core's item; it has {exc}") from exc

    def _shown(self, value: object) -> tuple[dict[str, Any], int]:
        return self._legacy(self._public_of(value)), len(value) if isinstance(value, list) else 0

    def _apart(self) -> tuple[object, object]:
        """Two values; of lists, with different lengths too."""
        one, other, *_ = self._others()
        return (one, [*one, *other]) if isinstance(one, list) and isinstance(other, list) else (one, other)
