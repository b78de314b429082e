"""The contract's answers by status, exact where the document is open: what each has, and nothing that is another's."""

from __future__ import annotations

from schemas import answers
from schemas.actions import ActionSchema
from schemas.base import MAX_LISTED
from schemas.containers import ObjectList
from schemas.messages import VALIDATION_CODES

_OF_A_RUN = ("status", "outcome", "retryable", "retry_after", "errors")

ItemErrorSchema = answers.item_error_schema("action", "actionId")
ProblemSchema = answers.problem_schema({"actionId"})
_ProblemErrorSchema = type(ProblemSchema().fields["errors"].entry_schema)


class UpdatedSchema(answers.BatchAnswerSchema):
    """200: every item was updated."""

    class Meta(answers.AnswerSchema.Meta):
        exclude = ("validated",)

    data = ObjectList(ActionSchema, required=True)


class PartlyUpdatedSchema(answers.BatchAnswerSchema):
    """207: at least one item was updated and at least one was not."""

    class Meta(answers.AnswerSchema.Meta):
        exclude = ("validated",)

    data = ObjectList(ActionSchema, least=1, required=True)
    errors = ObjectList(ItemErrorSchema, least=1, required=True)


class DryRunSchema(answers.BatchAnswerSchema):
    """200 of a dry run: every item is valid and nothing was sent to the core."""

    data = ObjectList(ActionSchema, most=0, required=True)
    validated = answers.count("", required=True)


class ValidationErrorSchema(_ProblemErrorSchema):
    """One thing that is wrong with a request."""

    class Meta(_ProblemErrorSchema.Meta):
        exclude = _OF_A_RUN

    code = answers.Choice(tuple(VALIDATION_CODES), required=True)
    field = answers.fields.String(required=True, allow_none=True)


class ValidationProblemSchema(ProblemSchema):
    """400: the request is invalid and nothing was sent to the core."""

    errors = ObjectList(ValidationErrorSchema, least=1, most=MAX_LISTED, required=True)


class BatchProblemSchema(ProblemSchema):
    """No item was updated: one item error for each, in the order of the request."""

    errors = ObjectList(ItemErrorSchema, least=1, required=True)
