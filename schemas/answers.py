"""Every body the service answers with, for the documentation and for tests that hold real answers against it.

Source: ``contract.md`` 1.3, 1.4 and section 2. What the core decides (lengths, ids of authors) is not bounded here.
"""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, fields, validate

from schemas.actions import CATEGORIES, STATUSES
from schemas.base import StrictSchema
from schemas.containers import ObjectList
from schemas.fields import Choice, Flag, Timestamp, Uuid
from schemas.integrations import INPUT_TYPES
from schemas.messages import VALIDATION_CODES

OUTCOMES = ("not_applied", "not_sent", "unknown")


def _about(text: str, **more: object) -> dict[str, object]:
    return {"description": text, **more}


def _texts(text: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        metadata=_about(text, examples=[{"en": "Leave approval", "fr": "Validation de congé"}]),
    )


def _count(text: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=0), metadata=_about(text), **options)


class ActionSchema(StrictSchema):
    """An updated action: all fields that the core returned, or those submitted where it returned none."""

    actionId = fields.String(required=True, metadata=_about("The action.", examples=["19353"]))  # noqa: N815 -- contract word
    category_action = Choice(CATEGORIES, allow_none=True)
    type_action = Choice(CATEGORIES, allow_none=True)
    status = Choice(STATUSES, allow_none=True)
    title = _texts("Title by language.")
    subtitle = _texts("Subtitle by language.")
    details = _texts("Details by language.")
    partner_ids = fields.List(fields.String(), metadata=_about("Partners that the action concerns."))
    effective_date = Timestamp(allow_none=True)
    due_date = Timestamp(allow_none=True)
    expires_at = Timestamp(allow_none=True)
    author_id = fields.Raw(allow_none=True, metadata=_about("Who wrote the action, as the core names them."))


class ItemErrorSchema(StrictSchema):
    """An item that was not updated, and what the caller can do about it."""

    index = _count("Place in the request; null for a single action.", required=True, allow_none=True)
    actionId = fields.String(required=True)  # noqa: N815 -- contract word
    status = fields.Integer(
        strict=True, required=True, metadata=_about("What the item alone would have been answered.")
    )
    code = fields.String(required=True, metadata=_about("One of a closed, documented list.", examples=["not_found"]))
    detail = fields.String(required=True)
    outcome = Choice(
        OUTCOMES,
        required=True,
        about="`unknown`: it was sent and may have been applied; `not_sent`: it never left the gateway.",
    )
    retryable = Flag(
        required=True,
        about="Sending just this item again can help; for an unknown one, under the same Idempotency-Key.",
    )
    retry_after = _count("Seconds to wait before that.")
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata=_about("The core's own messages by public field name.", examples=[{"due_date": ["Is in the past."]}]),
    )


class UpdatedSchema(StrictSchema):
    """200: every item was updated; in the order of the request."""

    data = ObjectList(ActionSchema, required=True)


class PartlyUpdatedSchema(StrictSchema):
    """207: at least one item was updated and at least one was not; both in the order of the request."""

    data = ObjectList(ActionSchema, least=1, required=True)
    errors = ObjectList(ItemErrorSchema, least=1, required=True)


class DryRunSchema(StrictSchema):
    """200 of a dry run: every item is valid and nothing was sent to the core."""

    data = ObjectList(ActionSchema, most=0, required=True)
    validated = _count("Items that were checked.", required=True)


class ProblemSchema(StrictSchema):
    """Any error, as problem details (RFC 9457); some types have further members."""

    class Meta:
        """RFC 9457 section 3.2 lets a type extend the document."""

        unknown = INCLUDE

    type = fields.URL(require_tld=False, required=True, metadata=_about("A page that explains this type."))
    title = fields.String(required=True)
    status = fields.Integer(strict=True, required=True)
    detail = fields.String(required=True)
    instance = fields.String(
        required=True, metadata=_about("The request's id.", examples=["urn:request:01JD2M4Y6Z8QKX3V5T7W9B1C0E"])
    )


class ValidationErrorSchema(StrictSchema):
    """One thing that is wrong with a request."""

    index = _count("Place of the item; null for the document itself.", required=True, allow_none=True)
    actionId = fields.String(  # noqa: N815 -- contract word
        required=True, allow_none=True, metadata=_about("The item's id, where it has a valid one.")
    )
    field = fields.String(
        required=True,
        allow_none=True,
        metadata=_about("Dotted path; null for the whole item.", examples=["title.de", "partner_ids.1"]),
    )
    code = Choice(tuple(VALIDATION_CODES), required=True)
    detail = fields.String(required=True)


class ValidationProblemSchema(ProblemSchema):
    """400: the request is invalid and nothing was sent to the core."""

    errors = ObjectList(ValidationErrorSchema, least=1, most=100, required=True)
    errors_total = _count("How many errors there are, where not all are listed.")


class BatchProblemSchema(ProblemSchema):
    """No item was updated: one item error for each, in the order of the request."""

    errors = ObjectList(ItemErrorSchema, least=1, required=True)


class InputFieldAnswerSchema(StrictSchema):
    """One input field as it was stored."""

    slug = fields.String(required=True, metadata=_about("camelCase, unique within the action.", examples=["userId"]))
    label = fields.String(required=True)
    type = Choice(INPUT_TYPES, required=True)
    description = fields.String(required=True)
    placeholder = fields.String(required=True, allow_none=True)
    required = Flag(required=True)
    order = _count("Position in the array.", required=True)
    options = fields.List(fields.Dict(keys=fields.String(), values=fields.String()), required=True, allow_none=True)
    allowMultiSelect = Flag(required=True, allow_none=True)  # noqa: N815 -- contract word
    contextActionId = Uuid(required=True, allow_none=True)  # noqa: N815 -- contract word


class StoredIntegrationActionSchema(StrictSchema):
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


class IntegrationActionAnswerSchema(StrictSchema):
    """200 of the integration action's PUT."""

    action = fields.Nested(StoredIntegrationActionSchema, required=True)
