from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.resources.core_map import read_core_map, shipped
from gateway.resources.resource import Example, Resource
from gateway.resources.translate import MappedTranslation
from legacy_client.operations import Operation, is_number, numeric_id, same_id, updates
from schemas.actions import ActionSchema, ActionUpdateSchema
from schemas.batches import BatchLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.resources.core_map import CoreMap
    from legacy_client.calls import Update

# English stands in for the other languages.
_TITLES = {"fr": "Validation de congé"}
_EXPECTED_IDS: Mapping[str, Callable[[Update], int | str]] = {"integer": numeric_id, "digits": same_id}


def actions(
    languages: Sequence[str], max_items: int, let_others_run: Callable[[], None], core_map: str = ""
) -> Resource:
    """The resource of the bulk update (``contract.md`` section 1). ``languages`` are those of the texts.

    ``core_map`` is the text of a map; empty: the shipped one. Raises CoreMapError.
    """
    schema = ActionUpdateSchema(languages=languages)
    mapped = read_core_map(core_map or shipped(), schema)
    return Resource(
        path="/openapi/api/v1/actions",
        permission="BULK_UPDATE",
        schema=schema,
        updated_schema=ActionSchema,
        loader=BatchLoader(schema, max_items, let_others_run),
        translation=MappedTranslation(mapped.fields, schema.id_name, languages),
        operation=_operation(mapped),
        example=_example(languages),
    )


def _operation(mapped: CoreMap) -> Operation[Update]:
    call = mapped.update
    write = updates(call.path, is_number, key_header=call.key_header, wrap=call.wrap)
    return Operation(call.method, write, _EXPECTED_IDS[mapped.id_kind])


def _example(languages: Sequence[str]) -> Example:
    sent: list[dict[str, object]] = [
        {
            "actionId": "19353",
            "status": "active",
            "title": {language: _TITLES.get(language, "Leave approval") for language in languages},
            "due_date": "2024-01-10 06:51:15",
        },
        {"actionId": "19354", "category_action": "validation", "type_action": "link"},
    ]
    return Example(sent, [{**item, "author_id": 7} for item in sent])
