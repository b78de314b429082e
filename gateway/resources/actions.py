from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.resources.resource import Example, Resource
from gateway.resources.translate import ActionTranslation
from legacy_client.operations import UPDATE_ACTION
from schemas.actions import ActionSchema, ActionUpdateSchema
from schemas.batches import BatchLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# English stands in for the other languages.
_TITLES = {"fr": "Validation de congé"}


def actions(languages: Sequence[str], max_items: int, let_others_run: Callable[[], None]) -> Resource:
    """The resource of the bulk update (``contract.md`` section 1). ``languages`` are those of the texts."""
    schema = ActionUpdateSchema(languages=languages)
    return Resource(
        path="/openapi/api/v1/actions",
        permission="BULK_UPDATE",
        schema=schema,
        updated_schema=ActionSchema,
        loader=BatchLoader(schema, max_items, let_others_run),
        translation=ActionTranslation(languages),
        operation=UPDATE_ACTION,
        example=_example(languages),
    )


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
