"""What the paths of jobs answer (``contract.md`` 1.6)."""

from __future__ import annotations

from marshmallow import fields

from schemas.answers import AnswerSchema, about, count
from schemas.containers import ObjectList
from schemas.fields import Choice

STATES = ("uploading", "queued", "running", "paused", "cancelling", "succeeded", "partial", "failed", "cancelled")


def _time(text: str, *, can_be_null: bool = True) -> fields.String:
    form = "In UTC (RFC 3339)."
    metadata = about(f"{text} {form}", examples=["2026-11-28T09:00:00.000Z"])
    return fields.String(required=True, allow_none=can_be_null, metadata=metadata)


# `unknown` is also an option of any schema, and `count` a function here, so neither can stand in a class.
JobCountsSchema = AnswerSchema.from_dict(
    {
        "total": count("Items of all parts.", required=True),
        "applied": count("Updated.", required=True),
        "failed": count("Surely not updated.", required=True),
        "unknown": count("Sent, and it is not known what became of them.", required=True),
        "unprocessed": count("Not settled yet, or never sent.", required=True),
    },
    name="JobCountsSchema",
)
JobErrorsSchema = AnswerSchema.from_dict(
    {
        "code": fields.String(
            required=True, metadata=about("The code of these items' errors.", examples=["not_found"])
        ),
        "count": count("How many items.", required=True),
        "first_index": count("The first of them, counted over all parts.", required=True),
        "sample": fields.String(required=True, metadata=about("The detail of that item.")),
    },
    name="JobErrorsSchema",
)


class JobSchema(AnswerSchema):
    id = fields.String(required=True)
    resource = fields.String(required=True, metadata=about("What the items are.", examples=["actions"]))
    label = fields.String(required=True, metadata=about("As the caller named it; may be empty."))
    state = Choice(STATES, known_as="JobState", required=True)
    why = fields.String(
        required=True, allow_none=True, metadata=about("What paused or ended the job before its last item.")
    )
    counts = fields.Nested(JobCountsSchema, required=True, metadata=about("They add up to `total` at every look."))
    parts = count("Parts that were taken.", required=True)
    position = count("Started jobs that will have a turn before; 0 for one that runs.", required=True)
    rate = fields.Float(required=True, metadata=about("Items per second, over the last 30 s."))
    errors_by_code = ObjectList(JobErrorsSchema, required=True, about="At most 20 codes.")
    max_failed_percent = count("Ends early beyond this share.", required=True, allow_none=True)
    pause_after = count("Pauses after so many items.", required=True, allow_none=True)
    created_at = _time("When it was made.", can_be_null=False)
    started_at = _time("When it was started.")
    last_progress_at = _time("When an item was last settled.")
    estimated_end_at = _time("When it ends at the present rate; null while nothing can be said.")
    ended_at = _time("When it ended.")
    expires_at = _time("When it is removed with its data.", can_be_null=False)
    retry_of = fields.String(required=True, allow_none=True, metadata=about("The job whose items these are."))
    links = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata=about("Paths of what belongs to it.")
    )


class JobListSchema(AnswerSchema):
    data = ObjectList(JobSchema, required=True, about="Newest first.")
    before = fields.String(metadata=about("Gives the next page, if there is one."))
