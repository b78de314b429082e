"""The contract's answers by status, exact where the document is open: what each has, and nothing that is another's."""

from __future__ import annotations

from schemas import answers
from schemas.base import MAX_LISTED
from schemas.containers import ObjectList
from schemas.messages import VALIDATION_CODES

_OF_A_RUN = ("status", "outcome", "retryable", "retry_after", "errors")


class UpdatedSchema(answers.BatchAnswerSchema):
    """200: every item was updated."""

    class Meta(answers.AnswerSchema.Meta):
        exclude = ("errors", "validated")

    data = ObjectList(answers.ActionSchema, required=True)


class PartlyUpdatedSchema(answers.BatchAnswerSchema):
    """207: at least one item was updated and at least one was not."""

    class Meta(answers.AnswerSchema.Meta):
        exclude = ("validated",)

    data = ObjectList(answers.ActionSchema, least=1, required=True)
    errors = ObjectList(answers.ItemErrorSchema, least=1, required=True)


class DryRunSchema(answers.BatchAnswerSchema):
    """200 of a dry run: every item is valid and nothing was sent to the core."""

    class Meta(answers.AnswerSchema.Meta):
        exclude = ("errors",)

    data = ObjectList(answers.ActionSchema, most=0, required=True)
    validated = answers._count("", required=True)


class ValidationErrorSchema(answers.ProblemErrorSchema):
    """One thing that is wrong with a request."""

    class Meta(answers.ProblemErrorSchema.Meta):
        exclude = _OF_A_RUN

    code = answers.Choice(tuple(VALIDATION_CODES), required=True)
    field = answers.fields.String(required=True, allow_none=True)


class ValidationProblemSchema(answers.ProblemSchema):
    """400: the request is invalid and nothing was sent to the core."""

    errors = ObjectList(ValidationErrorSchema, least=1, most=MAX_LISTED, required=True)


class BatchProblemSchema(answers.ProblemSchema):
    """No item was updated: one item error for each, in the order of the request."""

    errors = ObjectList(answers.ItemErrorSchema, least=1, required=True)
