"""One item of the bulk update of actions (``contract.md`` 1.2)."""

from __future__ import annotations

from schemas.batches import ItemSchema
from schemas.containers import Translations, UuidList
from schemas.fields import ActionId, Choice, ReadOnly, Timestamp

CATEGORIES = ("validation", "link", "form", "todo", "schedule")
STATUSES = ("active", "inactive", "draft", "approved", "pending", "done")


class ActionUpdateSchema(ItemSchema):
    """One item of a batch: the action and the fields to change; what is left out keeps its value."""

    called = "action"
    plural = "actions"
    id_name = "actionId"
    partners_name = "partner_ids"
    duplicate_code = "duplicate_action_id"

    actionId = ActionId(required=True, about="The action to update.")  # noqa: N815 -- contract word
    category_action = Choice(CATEGORIES, known_as="ActionCategory", about="What the action asks for.")
    type_action = Choice(CATEGORIES, known_as="ActionCategory", about="How it is carried out.")
    status = Choice(STATUSES, known_as="ActionStatus", about="Where the action stands.")
    title = Translations(255, known_as="ShortTexts", about="Title by language; a language left out keeps its text.")
    subtitle = Translations(255, known_as="ShortTexts", allow_none=True, about="Subtitle by language; null clears all.")
    details = Translations(10_000, known_as="LongTexts", about="Full text by language.")
    partner_ids = UuidList(1_000, about="Partners that the action concerns, all of them; none twice.")
    effective_date = Timestamp(allow_none=True, about="From when the action counts, in UTC; null clears it.")
    due_date = Timestamp(allow_none=True, about="Until when it is to be done, in UTC; null clears it.")
    expires_at = Timestamp(allow_none=True, about="When it ends, in UTC; null clears it.")
    author_id = ReadOnly("author_id")
