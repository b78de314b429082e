"""Documents: one item of the bulk update, and an updated one."""

from __future__ import annotations

from marshmallow import fields

from schemas.answers import AnswerSchema, TextsByLanguage, about, moment, unreadable
from schemas.batches import ItemSchema
from schemas.containers import Translations, UuidList
from schemas.fields import Choice, Flag, ReadOnly, Text, Timestamp, Uuid, WholeNumber

KINDS = ("contract", "invoice", "letter")


class DocumentUpdateSchema(ItemSchema):
    """One item of a batch: the document and the fields to change; what is left out keeps its value."""

    called = "document"
    plural = "documents"
    id_name = "documentId"
    partners_name = "reader_ids"

    documentId = Uuid(required=True, about="The document to update.")  # noqa: N815 -- contract word
    name = Text(200, least=1, about="What it is called.")
    title = Translations(100, known_as="DocumentTitle", about="Title by language; a language left out keeps its text.")
    kind = Choice(KINDS, known_as="DocumentKind", about="What it is.")
    priority = WholeNumber(1, 5, about="How soon it is to be read; 1 is the soonest.")
    archived = Flag(about="Whether it is out of use.")
    reader_ids = UuidList(100, about="Partners that may read it, all of them; none twice.")
    signed_at = Timestamp(allow_none=True, about="When it was signed, in UTC; null clears it.")
    pages = ReadOnly("pages")


class DocumentSchema(AnswerSchema):
    """An updated document: all fields that the core returned, or those submitted where it returned none."""

    documentId = fields.String(required=True, metadata=about("The document."))  # noqa: N815 -- contract word
    name = fields.String(metadata=about("What it is called."))
    title = TextsByLanguage("Title by language.")
    kind = Choice(KINDS, known_as="DocumentKind")
    priority = fields.Integer(metadata=about("How soon it is to be read."))
    archived = Flag(about="Whether it is out of use.")
    reader_ids = fields.List(fields.String(), metadata=about("Partners that may read it."))
    signed_at = moment("When it was signed.")
    pages = fields.Integer(metadata=about("How many pages it has."))
    unreadable = unreadable()
