"""Where things stand in the answers of a core, and what its words mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from legacy_client.errors import BadAnswer, Rejected
from legacy_client.sending.statuses import meaning_of
from legacy_client.sending.texts import word_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from legacy_client.errors import CoreError

    Path = tuple[str, ...]
    Get = Callable[[Any], Any]

_MOST_ERRORS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShape:
    """Paths are names from the outside in; ``id_at`` begins at the item, which with ``item_at`` empty is the whole.

    ``ok_at``: where a 2xx says whether it is a success, which it is if ``ok_is`` stands there, with None if nothing does;
    empty: each is one. ``field_at`` and ``text_at``: where they stand in each of a list of errors.
    ``code_at``: where an answer says why not. ``codes`` rule over ``meanings`` of statuses; no entry: the usual one.
    ``wait_at`` and ``wait_header`` say when to call again where the core is busy, the one in the body first.
    ``ok``: statuses of a success. ``empty``: those of one without a body. Any other 2xx is no answer.
    """

    item_at: Path = ("data",)
    id_at: Path = ("id",)
    message_at: Path = ("message",)
    errors_at: Path = ("errors",)
    field_at: Path = ("field",)
    text_at: Path = ("message",)
    ok: frozenset[int] = frozenset(range(200, 300))
    ok_at: Path = ()
    ok_is: object = True
    code_at: Path = ()
    wait_at: Path = ()
    wait_header: str = "Retry-After"
    empty: frozenset[int] = frozenset({202, 204})
    meanings: Mapping[int, type[CoreError]] = field(default_factory=lambda: MappingProxyType({}))
    codes: Mapping[str, type[CoreError]] = field(default_factory=lambda: MappingProxyType({}))

    def meaning(self, status: int) -> type[CoreError]:
        return self.meanings.get(status) or meaning_of(status)

    def refusal_in(self, document: object) -> type[CoreError] | None:
        """What a 2xx means that is no success; None: it is one."""
        if not self.ok_at:
            return None
        found = getter(self.ok_at)(document)
        # True equals 1.
        if found == self.ok_is and type(found) is type(self.ok_is):
            return None
        if known := self.coded_in(document):
            return known
        # Of an answer that says neither yes nor no, nobody knows what became of the call.
        return Rejected if self.ok_is is None or type(found) is type(self.ok_is) else BadAnswer

    def coded_in(self, document: object) -> type[CoreError] | None:
        """What its code means; None where it has none that is known."""
        return self.codes.get(word_of(getter(self.code_at)(document)) or "")

    def errors_in(self, document: object) -> list[tuple[str, object]]:
        """Fields of the core, each with its text or texts."""
        errors = getter(self.errors_at)(document)
        if type(errors) is dict:
            return list(errors.items())
        if type(errors) is not list:
            return []
        field_of, text_of = getter(self.field_at), getter(self.text_at)
        # A field may be a pointer (RFC 6901).
        told = [
            ((word_of(field_of(error)) or "").removeprefix("/").replace("/", "."), text_of(error))
            for error in errors[:_MOST_ERRORS]
        ]
        return [(name, text) for name, text in told if text is not None]


def taker(path: Path) -> Get:
    """What stands there. It raises LookupError, or TypeError where a level is no object."""
    if len(path) == 1:
        return itemgetter(*path)

    def take(document: Any) -> Any:
        for each in path:
            document = document[each]
        return document

    return take


def put_at(document: Any, path: Path, value: object) -> None:
    """In place of what stands there."""
    for each in path[:-1]:
        document = document[each]
    document[path[-1]] = value


def getter(path: Path) -> Get:
    """What stands there, or None."""

    def get(document: Any) -> Any:
        for each in path:
            document = document.get(each) if type(document) is dict else None
        return document

    return get
