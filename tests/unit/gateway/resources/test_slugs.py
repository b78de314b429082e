"""Slugs are camelCase, unique and never empty."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.resources.slugs import slug, unique_slugs


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("User ID", "userId"),
        ("Get User Data", "getUserData"),
        ("Get User Data v2", "getUserDataV2"),
        ("Format", "format"),
        ("Prénom de l'élève", "prenomDeLEleve"),
        ("Straße", "strasse"),
        ("userID", "userId"),
        ("  e-mail  address ", "eMailAddress"),
        ("名前", "field"),
        ("!!!", "field"),
        ("", "field"),
    ],
)
def test_a_label_becomes_camel_case(label, expected):
    assert slug(label) == expected


def test_repeats_get_the_lowest_free_number():
    assert unique_slugs(["ID", "id", "id 2", "Id"]) == ["id", "id2", "id22", "id3"]


@given(st.lists(st.text(max_size=30), max_size=30))
def test_slugs_are_unique_never_empty_and_ascii(labels):
    slugs = unique_slugs(labels)

    assert len(slugs) == len(labels) == len(set(slugs))
    assert all(re.fullmatch(r"[A-Za-z0-9]+", one) for one in slugs)
