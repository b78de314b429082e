"""Every body the service answers with, for the documentation and for tests that hold real answers against it.

Source: ``contract.md`` 1.3, 1.4 and section 2. What the core decides (lengths, ids of authors) is not bounded here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from marshmallow import INCLUDE, ValidationError, fields, validate

from schemas.actions import CATEGORIES, STATUSES
from schemas.base import StrictSchema
from schemas.containers import ObjectList
from schemas.fields import Choice, Flag, Uuid
from schemas.integrations import INPUT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema

OUTCOMES = ("not_applied", "not_sent", "unknown")


def _about(text: str, **more: object) -> dict[str, object]:
    return {"description": text, **more}


class _Texts(fields.Dict):
    """An object language → text."""

    known_as = "TextsByLanguage"

    def __init__(self, about: str) -> None:
        example = {"en": "Leave approval", "fr": "Validation de congé"}
        metadata = _about(about, examples=[example])
        super().__init__(keys=fields.String(), values=fields.String(), allow_none=True, metadata=metadata)


class _CoreMessages(fields.Dict):
    """The core's messages by field."""

    known_as = "CoreMessages"

    def __init__(self) -> None:
        about = _about("The core's own messages by public field name.", examples=[{"due_date": ["Is in the past."]}])
        super().__init__(keys=fields.String(), values=fields.List(fields.String()), metadata=about)


def _count(text: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=0), metadata=_about(text), **options)


def _status(text: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, metadata=_about(text), **options)


def _code(example: str) -> fields.String:
    return fields.String(
        required=True, metadata=_about("One of a documented list, which may grow.", examples=[example])
    )


def _outcome(**options: Any) -> Choice:
    about = "`unknown`: it was sent and may have been applied; `not_sent`: it never left the gateway."
    return Choice(OUTCOMES, known_as="ItemOutcome", about=about, **options)


def _retryable(**options: Any) -> Flag:
    about = "Sending just this item again can help; for an unknown one, under the same Idempotency-Key."
    return Flag(about=about, **options)


def _wait() -> fields.Integer:
    return _count("Seconds to wait before that.")


def _core_message() -> fields.String:
    about = "The core's own words, where it refused the item and named no field: one line, not to be parsed."
    return fields.String(validate=validate.Length(max=500), metadata=_about(about, examples=["The period is closed."]))


def _reference(text: str, **more: object) -> fields.String:
    """A URI, or a path where the service does not know its own address."""
    return fields.String(required=True, validate=_is_reference, metadata=_about(text, format="uri-reference", **more))


def _is_reference(text: str) -> None:
    if not (urlsplit(text).scheme or text.startswith("/")):
        raise ValidationError("Must be a URI or start with a slash.")


def _moment(text: str) -> fields.String:
    """In the form of Timestamp, told and not enforced: a pattern on what may be null breaks generated clients."""
    form = "`YYYY-MM-DD HH:MM:SS` in UTC."
    return fields.String(allow_none=True, metadata=_about(f"{text} {form}", examples=["2024-01-10 06:51:15"]))


def _unreadable() -> fields.List[str]:
    about = "Fields of the core's answer that cannot be read, as dotted names: shown as they were sent, or not at all."
    return fields.List(fields.String(), metadata=_about(about, examples=[["status", "title.fr"]]))


class AnswerSchema(StrictSchema):
    """An answer has exactly these fields today, and tests hold it to them; a client has to take more (``compatibility.md``)."""

    json_schema: ClassVar[Mapping[str, object]] = MappingProxyType({"additionalProperties": True})


class ActionSchema(AnswerSchema):
    """An updated action: all fields that the core returned, or those submitted where it returned none."""

    actionId = fields.String(required=True, metadata=_about("The action.", examples=["19353"]))  # noqa: N815 -- contract word
    category_action = Choice(CATEGORIES, known_as="ActionCategory", allow_none=True)
    type_action = Choice(CATEGORIES, known_as="ActionCategory", allow_none=True)
    status = Choice(STATUSES, known_as="ActionStatus", allow_none=True)
    title = _Texts("Title by language.")
    subtitle = _Texts("Subtitle by language.")
    details = _Texts("Details by language.")
    partner_ids = fields.List(fields.String(), metadata=_about("Partners that the action concerns."))
    effective_date = _moment("From when the action counts.")
    due_date = _moment("Until when it is to be done.")
    expires_at = _moment("When it ends.")
    author_id = fields.Raw(allow_none=True, metadata=_about("Who wrote the action, as the core names them."))
    unreadable = _unreadable()


class ItemErrorSchema(AnswerSchema):
    """An item that was not updated, and what the caller can do about it."""

    index = _count("Place in the request; null for a single action.", required=True, allow_none=True)
    actionId = fields.String(required=True)  # noqa: N815 -- contract word
    status = _status("What the item alone would have been answered.", required=True)
    code = _code("not_found")
    detail = fields.String(required=True)
    outcome = _outcome(required=True)
    retryable = _retryable(required=True)
    retry_after = _wait()
    errors = _CoreMessages()
    message = _core_message()


class BatchAnswerSchema(AnswerSchema):
    """200 and 207, beside the updated items: what was not updated, in the order of the request too."""

    errors = ObjectList(ItemErrorSchema, about="207: the items that were not updated.")
    validated = _count("Dry run: how many items were checked.")


def batch_answer_schema(item: type[Schema]) -> BatchAnswerSchema:
    """The whole body of 200 and 207; ``item`` is the schema of an updated item."""

    class BatchUpdatedSchema(BatchAnswerSchema):
        data = ObjectList(item, required=True, about="What was updated, in the order of the request.")

    return BatchUpdatedSchema()


class ProblemErrorSchema(AnswerSchema):
    """One thing that is wrong with the request, or one item that was run and not updated."""

    index = _count("Place of the item; null for the document itself.", required=True, allow_none=True)
    actionId = fields.String(  # noqa: N815 -- contract word
        required=True, allow_none=True, metadata=_about("The item's id, where it has a valid one.")
    )
    code = _code("invalid_choice")
    detail = fields.String(required=True)
    field = fields.String(
        allow_none=True,
        metadata=_about(
            "Of an invalid request: dotted path; null for the whole item.", examples=["title.de", "partner_ids.1"]
        ),
    )
    status = _status("Of an item that was run: what it alone would have been answered.")
    outcome = _outcome()
    retryable = _retryable()
    retry_after = _wait()
    errors = _CoreMessages()
    message = _core_message()


class ProblemSchema(AnswerSchema):
    """Any error, as problem details (RFC 9457)."""

    class Meta:
        """RFC 9457 section 3.2 lets a type extend the document."""

        unknown = INCLUDE

    type = _reference("A page that explains this type; branch on its last part.")
    title = fields.String(required=True)
    status = _status("The answer's own.", required=True)
    detail = fields.String(required=True)
    instance = _reference("The request's id.", examples=["urn:request:01JD2M4Y6Z8QKX3V5T7W9B1C0E"])
    errors = ObjectList(ProblemErrorSchema, about="What is wrong, or each item that was run.")
    errors_total = _count("How many errors there are, where not all are listed.")
    checked_items = _count("How many items were checked, where there are so many errors that not all items were.")
    max_items = _count("The most items of a batch, where there were more.")
    received_items = _count("How many there were.")
    max_bytes = _count("The most bytes of a body, where there were more.")
    max_values = _count("The most JSON values of a body, where there were more.")


class OptionAnswerSchema(AnswerSchema):
    """One choice of a SELECT field, as it was stored."""

    label = fields.String(required=True)
    value = fields.String(required=True)


class InputFieldAnswerSchema(AnswerSchema):
    """One input field as it was stored."""

    slug = fields.String(required=True, metadata=_about("camelCase, unique within the action.", examples=["userId"]))
    label = fields.String(required=True)
    type = Choice(INPUT_TYPES, known_as="InputType", required=True)
    description = fields.String(required=True)
    placeholder = fields.String(required=True, allow_none=True)
    required = Flag(required=True)
    order = _count("Position in the array.", required=True)
    options = ObjectList(OptionAnswerSchema, required=True, allow_none=True)
    allowMultiSelect = Flag(required=True, allow_none=True)  # noqa: N815 -- contract word
    contextActionId = Uuid(required=True, allow_none=True)  # noqa: N815 -- contract word


class StoredIntegrationActionSchema(AnswerSchema):
    """An integration action as it was stored.

    From a core that answers without a body: as it was sent, without what only the core knows.
    """

    id = Uuid(required=True)
    name = fields.String(required=True)
    slug = fields.String(metadata=_about("Set on creation; survives a rename.", examples=["getUserData"]))
    description = fields.String(required=True)
    code = fields.String(allow_none=True, metadata=_about("JavaScript."))
    order = _count("Position within the integration.")
    inputFields = ObjectList(InputFieldAnswerSchema, required=True)  # noqa: N815 -- contract word


class IntegrationActionAnswerSchema(AnswerSchema):
    """200 of the integration action's PUT."""

    action = fields.Nested(StoredIntegrationActionSchema, required=True)
    unreadable = _unreadable()
