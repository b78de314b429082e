from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.resources.core_map import read_core_map, read_ids, shipped
from gateway.resources.field_rows import answered_times
from gateway.resources.map_tables import parsed, table_in, wrong
from gateway.resources.python_translation import loaded
from gateway.resources.resource import Example, Resource
from gateway.resources.translate import MappedTranslation
from legacy_client.operations import (
    Operation,
    is_number,
    is_plain_text,
    is_uuid,
    numeric_id,
    padded_id,
    path_text,
    reads,
    same_id,
    updates,
    with_zeros,
)
from schemas.actions import (
    ActionSchema,
    ActionUpdateSchema,
    PathActionUpdateSchema,
    TextActionUpdateSchema,
    UuidActionUpdateSchema,
)
from schemas.batch_loader import BatchLoader
from schemas.fields import AnsweredTime
from schemas.ids import FEWEST_SEGMENTS, MOST_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.resources.core_map import CoreMap
    from legacy_client.calls import Update

_USUAL = {"Accept": "application/json", "Content-Type": "application/json"}
# English stands in for the other languages.
_TITLES = {"fr": "Validation de congé"}


class _Ids(NamedTuple):
    """How a core names actions: ``example`` are two of them, ``expected`` is the one that an answer must have."""

    schema: type[ActionUpdateSchema]
    is_id: Callable[[str], bool]
    expected: Callable[[Update], int | str]
    example: tuple[str, str]


_NUMBERS = "19353", "19354"
_UUIDS = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0-4f89-41d3-9a0c-0305e82c3302"
_IDS: Mapping[str, _Ids] = {
    "integer": _Ids(ActionUpdateSchema, is_number, numeric_id, _NUMBERS),
    "digits": _Ids(ActionUpdateSchema, is_number, same_id, _NUMBERS),
    "uuid": _Ids(UuidActionUpdateSchema, is_uuid, same_id, _UUIDS),
    "text": _Ids(TextActionUpdateSchema, is_plain_text, same_id, ("ACT-19353", "ACT-19354")),
}


def actions(
    languages: Sequence[str], max_items: int, let_others_run: Callable[[], None], core_map: str = ""
) -> Resource:
    """The resource of the bulk update (``contract.md`` section 1). ``languages`` are those of the texts.

    ``core_map`` is the text of a map; empty: the shipped one. Raises CoreMapError.
    """
    text = core_map or shipped()
    kind, width, segments = read_ids(text)
    answered = answered_times(table_in(parsed(text), "fields"), ActionUpdateSchema)
    ids = _of_paths(segments) if segments else _IDS[kind]
    schema = _without(answered, ids.schema)(
        languages=languages, id_digits=width or MOST_DIGITS, id_segments=segments or FEWEST_SEGMENTS
    )
    mapped = read_core_map(text, schema)
    _demand_names_of_their_own(languages, mapped.languages)
    translation = MappedTranslation(
        mapped.fields, schema.id_name, languages, mapped.update.wrap, id_at=mapped.id_at, spelt=mapped.languages
    )
    example = _example(languages, ids.example, answered)
    return Resource(
        path="/openapi/api/v1/actions",
        permission="BULK_UPDATE",
        schema=schema,
        updated_schema=ActionSchema,
        loader=BatchLoader(schema, max_items, let_others_run),
        translation=loaded(mapped.python, translation, schema, languages, example) if mapped.python else translation,
        operation=_operation(mapped, ids, width),
        example=example,
    )


def _without(answered: Sequence[str], schema: type[ActionUpdateSchema]) -> type[ActionUpdateSchema]:
    """A schema that refuses these times."""
    return type(schema.__name__, (schema,), {name: AnsweredTime(name) for name in answered}) if answered else schema


def _of_paths(segments: int) -> _Ids:
    first, *others = ("ACT", *("07",) * (segments - 2))
    example = "/".join((first, *others, "19353")), "/".join((first, *others, "19354"))
    return _Ids(PathActionUpdateSchema, path_text(segments), same_id, example)


def _demand_names_of_their_own(languages: Sequence[str], spelt: Mapping[str, str]) -> None:
    """Raises CoreMapError where one language has the name that the map gives another."""
    names = [spelt.get(language, language) for language in languages]
    for language, name in zip(languages, names, strict=True):
        if names.count(name) > 1:
            raise wrong(f"core.languages.{language}", f"must differ from the others; {name!r} is there twice")


def _operation(mapped: CoreMap, ids: _Ids, width: int) -> Operation[Update]:
    call = mapped.update
    write = updates(call.path, ids.is_id, key_header=call.key_header, wrap=call.wrap, spell_key=call.spell_key)
    expected, read_path = ids.expected, reads(mapped.read, width) if mapped.read else None
    if width:
        write, expected = with_zeros(write, width), padded_id(width) if expected is same_id else expected
    # Names of headers have no case.
    chosen = {name.lower(): (name, value) for name, value in (*_USUAL.items(), *call.headers.items())}
    return Operation(call.method, write, expected, tuple(chosen.values()), read_path)


_AUTHOR = "c8951314-058c-5711-aaf1-00a842bc7678"


def _example(languages: Sequence[str], ids: tuple[str, str], answered: Sequence[str]) -> Example:
    first, second = ids
    sent: list[dict[str, object]] = [
        {
            "actionId": first,
            "status": "active",
            "title": {language: _TITLES.get(language, "Leave approval") for language in languages},
            "due_date": "2024-01-10 06:51:15",
        },
        {"actionId": second, "category_action": "validation", "type_action": "link"},
    ]
    sent = [{name: value for name, value in item.items() if name not in answered} for item in sent]
    return Example(sent, [{**item, "author_id": _AUTHOR} for item in sent])
