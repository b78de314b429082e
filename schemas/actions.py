"""Actions: an item of the bulk update (``contract.md`` 1.2), and an updated one (1.3)."""

from __future__ import annotations

from marshmallow import fields

from schemas.answers import AnswerSchema, TextsByLanguage, about, moment, unreadable
from schemas.batches import ItemSchema
from schemas.containers import Translations, UuidList
from schemas.fields import Choice, ContractField, ReadOnly, Timestamp, Uuid
from schemas.ids import NumberId, PathId, TextId

CATEGORIES = ("validation", "link", "form", "todo", "schedule")
STATUSES = ("active", "inactive", "draft", "approved", "pending", "done")


class ActionUpdateSchema(ItemSchema):
    """A field left out keeps its value."""

    called = "action"
    plural = "actions"
    id_name = "actionId"
    partners_name = "partner_ids"
    duplicate_code = "duplicate_action_id"

    actionId: ContractField[str] = NumberId(required=True, known_as="ActionId", about="The action to update.")  # noqa: N815 -- contract word
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


class UuidActionUpdateSchema(ActionUpdateSchema):
    """Of a core that names actions by UUIDs."""

    actionId = Uuid(required=True, known_as="ActionId", about="The action to update.")  # noqa: N815 -- contract word


class TextActionUpdateSchema(ActionUpdateSchema):
    """Of a core that names actions by texts."""

    actionId = TextId(required=True, known_as="ActionId", about="The action to update.")  # noqa: N815 -- contract word


class PathActionUpdateSchema(ActionUpdateSchema):
    """Of a core that names actions by paths."""

    actionId = PathId(required=True, known_as="ActionId", about="The action to update.")  # noqa: N815 -- contract word


class ActionSchema(AnswerSchema):
    """The fields that the core returned, or those submitted if it returned none."""

    actionId = fields.String(required=True, metadata=about("The action.", examples=["19353"]))  # noqa: N815 -- contract word
    category_action = Choice(CATEGORIES, known_as="ActionCategory", allow_none=True)
    type_action = Choice(CATEGORIES, known_as="ActionCategory", allow_none=True)
    status = Choice(STATUSES, known_as="ActionStatus", allow_none=True)
    title = TextsByLanguage("Title by language.")
    subtitle = TextsByLanguage("Subtitle by language.")
    details = TextsByLanguage("Details by language.")
    partner_ids = fields.List(fields.String(), metadata=about("Partners that the action concerns."))
    effective_date = moment("From when the action counts.")
    due_date = moment("Until when it is to be done.")
    expires_at = moment("When it ends.")
    author_id = fields.Raw(allow_none=True, metadata=about("Who wrote the action, as the core names them."))
    unreadable = unreadable()
