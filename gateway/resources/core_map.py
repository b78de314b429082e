"""``core.toml``: what the core calls things, read once at the start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from gateway.resources.field_rows import read_fields
from gateway.resources.key_forms import read_key_form
from gateway.resources.map_tables import (
    CoreMapError,
    check_keys,
    one_of,
    parsed,
    path_in,
    table,
    table_in,
    text_in,
    wrap_in,
    wrong,
)
from legacy_client.header_line import fixed_headers, key_header
from legacy_client.operations import MOST_DIGITS
from schemas.ids import FEWEST_SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.resources.field_rows import FieldRow
    from schemas.batches import ItemSchema

ID = "{id}"
METHODS = ("PATCH", "PUT", "POST")
"""The usual ones."""
_METHOD = re.compile("[A-Z]{3,20}")
# They read, remove, or are about the connection.
_NO_UPDATES = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "DELETE", "PRI"})
IDS = ("integer", "digits", "uuid", "text", "path")
_NUMBERS = ("integer", "digits")
_MOST_SEGMENTS = 8
_is_language = re.compile("[A-Za-z0-9_-]{1,32}").fullmatch
# RFC 3986 section 3.3 and 3.4.
_is_path = re.compile(r"/(?!/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2}){0,1000}").fullmatch
_SECTIONS = ("core", "update", "fields", "answers", "meaning", "codes")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall:
    """``path`` has ``{id}``. ``wrap``: the path of the object that the fields stand in; empty: they stand alone.

    ``spell_key``: the key as the core takes it; None: as it is.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    key_header: str
    spell_key: Callable[[str], str] | None
    wrap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreMap:
    """``python`` names a translation; empty: the rows are all there is.

    ``id_at``: the place of the id in the item of an answer. ``languages``: the core's names of them, where it has others.
    ``read``: the path where GET shows an item, with ``{id}``; empty: that of the update.
    """

    ids: Ids
    read: str
    id_at: str
    languages: Mapping[str, str]
    python: str
    update: UpdateCall
    fields: Sequence[FieldRow]


def shipped() -> str:
    return resources.files(__package__).joinpath("core.toml").read_text(encoding="utf-8")


class Ids(NamedTuple):
    """How the core names items. ``width``: numbers have zeros in front up to so many digits; 0: they have none.

    ``segments``: the parts of a path; 0: it is none.
    """

    kind: str
    width: int
    segments: int


def read_ids(text: str) -> Ids:
    """Raises CoreMapError."""
    core = table_in(parsed(text), "core")
    check_keys(core, "core.", ("id", "id_width", "id_segments", "read", "languages", "python"))
    kind, width = one_of(core, "core.", "id", IDS, "integer"), core.get("id_width", 0)
    if "id_width" in core:
        if type(width) is not int or not 1 <= width <= MOST_DIGITS:
            raise wrong("core.id_width", f"must be a whole number of digits from 1 to {MOST_DIGITS}")
        if kind not in _NUMBERS:
            raise wrong("core.id_width", f"must be left out, or id be one of: {', '.join(_NUMBERS)}")
    return Ids(kind, width, _segments(core, kind))


def _segments(core: Mapping[str, Any], kind: str) -> int:
    segments = core.get("id_segments", 0)
    if kind != "path":
        if "id_segments" in core:
            raise wrong("core.id_segments", 'must be left out, or id be "path"')
        return 0
    if type(segments) is not int or not FEWEST_SEGMENTS <= segments <= _MOST_SEGMENTS:
        raise wrong(
            "core.id_segments",
            f"must be a whole number from {FEWEST_SEGMENTS} to {_MOST_SEGMENTS}: the parts between slashes of each id",
        )
    return segments


def read_core_map(text: str, schema: ItemSchema) -> CoreMap:
    """``schema`` is that of the items. Raises CoreMapError."""
    document = parsed(text)
    core = table_in(document, "core")
    python = text_in(core, "core.", "python", "")
    check_keys(document, "", _SECTIONS, needed=("core", "update") if python else ("core", "update", "fields"))
    id_at = ".".join(path_in(table_in(document, "answers"), "id_at", "id"))
    languages = _languages(table(core, "languages", "core.") if "languages" in core else {})
    return CoreMap(
        ids=read_ids(text),
        id_at=id_at,
        languages=languages,
        python=python,
        read=_path(core, "core.", "read") if "read" in core else "",
        update=_update(table(document, "update")),
        fields=read_fields(table_in(document, "fields"), schema, may_lack=bool(python), id_at=id_at, spelt=languages),
    )


def _languages(given: Mapping[str, Any]) -> Mapping[str, str]:
    for language, name in given.items():
        if not _is_language(text_in(given, "core.languages.", language, "")):
            raise wrong(f"core.languages.{language}", "must be 1 to 32 letters, digits, '_' or '-'")
        if list(given.values()).count(name) > 1:
            raise wrong(f"core.languages.{language}", f"must differ from the others; {name!r} is there twice")
    return given


def _update(given: Mapping[str, Any]) -> UpdateCall:
    where = "update."
    known = ("method", "path", "headers", "key_header", "key_form", "key_length", "wrap")
    check_keys(given, where, known, needed=("path",))
    path = _path(given, where, "path")
    keyed = _key_header(given, where)
    return UpdateCall(
        method=_method(given, where),
        path=path,
        headers=_headers(given, where, keyed),
        key_header=keyed,
        spell_key=read_key_form(given, where),
        wrap=wrap_in(given),
    )


def _path(given: Mapping[str, Any], where: str, name: str) -> str:
    path = text_in(given, where, name, "")
    if not path.startswith("/") or path.count(ID) != 1:
        raise wrong(f"{where}{name}", f"must start with a slash and have {ID} once, like '/actions/{ID}'")
    if not _is_path(path.replace(ID, "7")) or _has_dot_segment(path):
        raise wrong(
            f"{where}{name}", "must be a path of a URL, with a query if need be, without '..', '//' in front and '#'"
        )
    return path


def _has_dot_segment(path: str) -> bool:
    # Somebody on the way may resolve it, so that another path arrives.
    return any(unquote(segment) in (".", "..") for segment in path.partition("?")[0].split("/"))


def is_update(method: str) -> bool:
    """Whether calls may have it: names of one's own are methods too (RFC 9110 section 16.1)."""
    return _METHOD.fullmatch(method) is not None and method not in _NO_UPDATES


def _method(given: Mapping[str, Any], where: str) -> str:
    method = text_in(given, where, "method", "PATCH")
    if not is_update(method):
        known = ", ".join(METHODS)
        raise wrong(
            f"{where}method", f"must be {known}, or a core's own in 3 to 20 capital letters; it is {method!r:.80}"
        )
    return method


def _key_header(given: Mapping[str, Any], where: str) -> str:
    try:
        return key_header(text_in(given, where, "key_header", "Idempotency-Key"))
    except ValueError as exc:
        raise _told(f"{where}key_header", exc) from exc


def _headers(given: Mapping[str, Any], where: str, keyed: str) -> dict[str, str]:
    """One at a time, so that the name stands in the refusal."""
    headers: dict[str, str] = {}
    for name, value in (table(given, "headers", where) if "headers" in given else {}).items():
        place = f"{where}headers.{name}"
        if type(value) is not str:
            raise wrong(place, "must be a text")
        try:
            headers = fixed_headers({**headers, name: value}, own=frozenset({keyed.lower()}))
        except ValueError as exc:
            raise _told(place, exc) from exc
    return headers


def _told(place: str, exc: ValueError) -> CoreMapError:
    # Of a map's own errors the place is in the text.
    return exc if isinstance(exc, CoreMapError) else wrong(place, str(exc))
