"""Jobs (``contract.md`` 1.6): the bodies that make and start one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.base import InvalidDocument, StrictSchema
from schemas.compiled import compile_loader
from schemas.error_list import ErrorList
from schemas.fields import Choice, Text, WholeNumber

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from marshmallow import Schema

    Load = Callable[[object], dict[str, Any]]

MOST_PARTS = 10_000
MOST = (6, 1, 5)
"""JSON values, arrays and objects among them, and names that a valid body has at most."""


class StartSchema(StrictSchema):
    parts = WholeNumber(1, MOST_PARTS, required=True, about="How many parts the job has. They are numbered from 1.")


def new_job_schema(plurals: Sequence[str], max_items: int) -> Schema:
    """``plurals`` name the resources; the first is the default."""

    class NewJobSchema(StrictSchema):
        resource = Choice(plurals, known_as="JobResource", load_default=plurals[0], about="What the items are.")
        label = Text(200, load_default="", about="For people; it comes back with the job.")
        max_failed_percent = WholeNumber(
            0,
            100,
            load_default=None,
            about="The job ends early when more of its items than this share were not applied.",
        )
        pause_after = WholeNumber(
            1, max_items, load_default=None, about="The job pauses after so many items, until it is resumed."
        )

    return NewJobSchema()


def loader(schema: Schema) -> Load:
    """Its function raises InvalidDocument with every error. Their index is None."""
    compiled = compile_loader(schema)

    def load(document: object) -> dict[str, Any]:
        messages: dict[Any, Any] = {}
        loaded: dict[str, Any] = compiled(document, messages)
        if messages:
            errors = ErrorList()
            errors.add(messages)
            raise InvalidDocument(errors.listed, errors.total)
        return loaded

    return load
