"""The documents of the page that shows how a resource is added: what the core sends is never shown wrong."""

from __future__ import annotations

import pytest

from tests.e2e.documents.resource import DocumentTranslation

TRANSLATION = DocumentTranslation(("en", "fr"))
ID = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"
READER = "6f1c1f0e-6f0b-4b8e-9d2c-0f0e6a6f1c1f"
PUBLIC = {
    "documentId": ID,
    "name": "Lease",
    "title": {"en": "Lease", "fr": "Bail"},
    "kind": "letter",
    "priority": 1,
    "archived": False,
    "reader_ids": [READER, ID],
    "signed_at": "2024-01-10 06:51:15",
}
LEGACY = {
    "label": "Lease",
    "title_en": "Lease",
    "title_fr": "Bail",
    "kind": "LETTER",
    "priority": 1,
    "is_archived": "no",
    "readers": f"{READER},{ID}",
    "signed": 1704869475,
}


def test_an_item_becomes_the_cores_fields() -> None:
    assert TRANSLATION.to_legacy(PUBLIC) == LEGACY


def test_the_cores_document_becomes_public_again() -> None:
    assert TRANSLATION.from_legacy(ID, {"id": ID, **LEGACY, "pages": 3, "secret": 7}) == {**PUBLIC, "pages": 3}


@pytest.mark.parametrize(
    ("legacy", "name", "values"),
    [
        ("label", "name", [None, 7, True, ["x"], {}]),
        ("title_en", "title.en", [7, True, ["x"], {}]),
        ("kind", "kind", [None, "POSTER", "letter", 1, ["LETTER"], {}]),
        ("priority", "priority", [None, True, 1.5, "1", [1]]),
        ("is_archived", "archived", [None, True, False, 0, 1, "Yes", ["no"], {}]),
        ("readers", "reader_ids", [None, "nonsense", f"{READER},", f"{READER}, {ID}", [READER], 0, False]),
        ("signed", "signed_at", [True, False, 1.5, 0.0, "1704869475", 10**30, [1], {}]),
        ("pages", "pages", [None, True, 1.5, "3"]),
    ],
)
def test_what_cannot_be_read_is_left_out_and_named(legacy: str, name: str, values: list[object]) -> None:
    for value in values:
        assert TRANSLATION.from_legacy(ID, {legacy: value}) == {"documentId": ID, "unreadable": [name]}


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        ({"title_en": None, "title_fr": "x"}, {"fr": "x"}),
        ({"title_en": "x", "title_fr": None}, {"en": "x"}),
        ({"title_en": None, "title_fr": None}, None),
    ],
)
def test_a_language_without_a_text_is_not_shown(texts: dict[str, object], title: object) -> None:
    assert TRANSLATION.from_legacy(ID, texts) == {"documentId": ID, "title": title}


def test_no_reader_and_no_time_are_values() -> None:
    assert TRANSLATION.from_legacy(ID, {"readers": "", "signed": None}) == {
        "documentId": ID,
        "reader_ids": [],
        "signed_at": None,
    }


def test_the_cores_messages_come_by_public_names() -> None:
    assert TRANSLATION.errors_to_public({"title_fr": ["a"], "signed": ["b"], "strange": ["c"]}) == {
        "title.fr": ["a"],
        "signed_at": ["b"],
        "other": ["c"],
    }
