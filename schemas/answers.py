"""What all answers share (``contract.md`` 1.3 and 1.4). What the core decides is not bounded here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from marshmallow import INCLUDE, ValidationError, fields, validate

from schemas.base import StrictSchema
from schemas.containers import ObjectList
from schemas.fields import Choice, Flag

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from marshmallow import Schema

OUTCOMES = ("not_applied", "not_sent", "unknown")


def about(text: str, **more: object) -> dict[str, object]:
    return {"description": text, **more}


class TextsByLanguage(fields.Dict):
    """An object language → text."""

    known_as = "TextsByLanguage"

    def __init__(self, text: str) -> None:
        example = {"en": "Leave approval", "fr": "Validation de congé"}
        metadata = about(text, examples=[example])
        super().__init__(keys=fields.String(), values=fields.String(), allow_none=True, metadata=metadata)


class _CoreMessages(fields.Dict):
    known_as = "CoreMessages"

    def __init__(self) -> None:
        metadata = about("The core's own messages by public field name.", examples=[{"due_date": ["Is in the past."]}])
        super().__init__(keys=fields.String(), values=fields.List(fields.String()), metadata=metadata)


def count(text: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=0), metadata=about(text), **options)


def _status(text: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, metadata=about(text), **options)


def _code(example: str) -> fields.String:
    return fields.String(required=True, metadata=about("One of a documented list, which may grow.", examples=[example]))


def _outcome(**options: Any) -> Choice:
    text = "`unknown`: it was sent and may have been applied; `not_sent`: it never left the gateway."
    return Choice(OUTCOMES, known_as="ItemOutcome", about=text, **options)


def _retryable(**options: Any) -> Flag:
    text = "Sending just this item again can help; for an unknown one, under the same Idempotency-Key."
    return Flag(about=text, **options)


def _wait() -> fields.Integer:
    return count("Seconds to wait before that.")


def _core_message() -> fields.String:
    text = "The core's own words, where it refused the item and named no field: one line, not to be parsed."
    return fields.String(validate=validate.Length(max=500), metadata=about(text, examples=["The period is closed."]))


def _reference(text: str, **more: object) -> fields.String:
    """A URI, or a path where the service does not know its own address."""
    return fields.String(required=True, validate=_is_reference, metadata=about(text, format="uri-reference", **more))


def _is_reference(text: str) -> None:
    if not (urlsplit(text).scheme or text.startswith("/")):
        raise ValidationError("Must be a URI or start with a slash.")


def moment(text: str) -> fields.String:
    """A Timestamp without a pattern: a pattern on what may be null breaks generated clients."""
    form = "`YYYY-MM-DD HH:MM:SS` in UTC."
    return fields.String(allow_none=True, metadata=about(f"{text} {form}", examples=["2024-01-10 06:51:15"]))


def unreadable() -> fields.List[str]:
    text = "Fields of the core's answer that cannot be read, as dotted names: shown as they were sent, or not at all."
    return fields.List(fields.String(), metadata=about(text, examples=[["status", "title.fr"]]))


class AnswerSchema(StrictSchema):
    """A client has to accept more fields (``docs/partners/compatibility.md``)."""

    json_schema: ClassVar[Mapping[str, object]] = MappingProxyType({"additionalProperties": True})


class ItemErrorSchema(AnswerSchema):
    """Each kind of item adds its id."""

    index = count("Place in the request; null for a single call.", required=True, allow_none=True)
    status = _status("What the item alone would have been answered.", required=True)
    code = _code("not_found")
    detail = fields.String(required=True)
    outcome = _outcome(required=True)
    retryable = _retryable(required=True)
    retry_after = _wait()
    errors = _CoreMessages()
    message = _core_message()


def item_error_schema(called: str, id_name: str) -> type[Schema]:
    ids: dict[str, fields.Field[Any]] = {id_name: fields.String(required=True)}
    return ItemErrorSchema.from_dict(ids, name=f"{called.capitalize()}ItemErrorSchema")


class BatchAnswerSchema(AnswerSchema):
    validated = count("Dry run: how many items were checked.")


def batch_answer_schema(item: type[Schema], error: type[Schema]) -> type[Schema]:
    data = ObjectList(item, required=True, about="What was updated, in the order of the request.")
    errors = ObjectList(error, about="207: the items that were not updated.")
    return BatchAnswerSchema.from_dict({"data": data, "errors": errors}, name="BatchUpdatedSchema")


class KeptBatchSchema(AnswerSchema):
    """What is kept under an idempotency key (``contract.md`` 1.8)."""

    status = _status("What a plain answer with these outcomes has.", required=True)
    complete = Flag(required=True, about="Every item is final: a repeat with the key sends nothing.")


def kept_batch_schema(item: type[Schema], error: type[Schema]) -> type[Schema]:
    data = ObjectList(item, required=True, about="What was updated, in the order of the request.")
    errors = ObjectList(error, required=True, about="The items that were not, or of which it is not known.")
    return KeptBatchSchema.from_dict({"data": data, "errors": errors}, name="KeptBatchSchema")


class ProblemErrorSchema(AnswerSchema):
    index = count("Place of the item; null for the document itself.", required=True, allow_none=True)
    code = _code("invalid_choice")
    detail = fields.String(required=True)
    field = fields.String(
        allow_none=True,
        metadata=about(
            "Of an invalid request: dotted path; null for the whole item.", examples=["title.de", "partner_ids.1"]
        ),
    )
    status = _status("Of an item that was run: what it alone would have been answered.")
    outcome = _outcome()
    retryable = _retryable()
    retry_after = _wait()
    errors = _CoreMessages()
    message = _core_message()


class RateSchema(AnswerSchema):
    """How much a caller may send."""

    unit = fields.String(required=True, metadata=about("What is counted.", examples=["items"]))
    limit = count("The most of it in that time.", required=True)
    seconds = count("How long that time is.", required=True)


class ProblemSchema(AnswerSchema):
    """Problem details (RFC 9457)."""

    class Meta:
        """A type may extend the document (RFC 9457 section 3.2)."""

        unknown = INCLUDE

    type = _reference("A page that explains this type; branch on its last part.")
    title = fields.String(required=True)
    status = _status("The answer's own.", required=True)
    detail = fields.String(required=True)
    instance = _reference("The request's id.", examples=["urn:request:01JD2M4Y6Z8QKX3V5T7W9B1C0E"])
    errors_total = count("How many errors there are, where not all are listed.")
    checked_items = count("How many items were checked, where there are so many errors that not all items were.")
    max_items = count("The most items of a batch, where there were more.")
    received_items = count("How many there were.")
    max_bytes = count("The most bytes of a body, where there were more.")
    max_values = count("The most JSON values of a body, where there were more.")
    rate = fields.Nested(RateSchema, metadata=about("The rate that was exceeded."))


class JobLimitsSchema(AnswerSchema):
    """What holds for a job (``contract.md`` 1.7)."""

    max_job_items = count("The most items of a job.", required=True)
    max_parts = count("The most parts of a job.", required=True)
    live_jobs = count("The most jobs of a caller that have not ended.", required=True)


class BatchLimitsSchema(AnswerSchema):
    """What holds for a batch (``contract.md`` 1.7)."""

    max_items = count("The most items of a batch.", required=True)
    max_bytes = count("The most bytes of a body, before and after inflation.", required=True)
    rate = fields.Nested(RateSchema, required=True, allow_none=True, metadata=about("The caller's own; null: none."))
    concurrency = count("The most calls to the core at once, for one batch.", required=True)
    deadline_seconds = fields.Float(required=True, metadata=about("How long the gateway works on a batch."))
    idempotency_seconds = fields.Float(required=True, metadata=about("How long an `Idempotency-Key` is known."))
    languages = fields.List(fields.String(), required=True, metadata=about("Languages that a text may be in."))
    jobs = fields.Nested(
        JobLimitsSchema, required=True, allow_none=True, metadata=about("Of a job; null: no job can be had.")
    )


def limits_schema(plurals: Collection[str]) -> type[Schema]:
    """``plurals`` name the resources."""
    limits: dict[str, fields.Field[Any]] = {name: fields.Nested(BatchLimitsSchema, required=True) for name in plurals}
    return AnswerSchema.from_dict(limits, name="LimitsSchema")


def problem_schema(id_names: Collection[str]) -> type[Schema]:
    """``id_names`` hold the ids of the items."""
    ids: dict[str, fields.Field[Any]] = {name: _problem_id(required=len(id_names) == 1) for name in id_names}
    error = ProblemErrorSchema.from_dict(ids, name="ProblemErrorSchema")
    errors = ObjectList(error, about="What is wrong, or each item that was run.")
    return ProblemSchema.from_dict({"errors": errors}, name="ProblemSchema")


def _problem_id(*, required: bool) -> fields.String:
    text = "The item's id, where it has a valid one."
    return fields.String(required=required, allow_none=True, metadata=about(text))
