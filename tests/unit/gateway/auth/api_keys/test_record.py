"""What a record of an API key must say."""

from __future__ import annotations

import pytest

from gateway.auth.api_keys.key import KeyText
from gateway.auth.api_keys.record import from_entry
from tests.unit.gateway.auth.key_records import INTEGRATION, record

ENTRY = record(KeyText("A" * 12, "b" * 32)).entry()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param([], "must be an object", id="a list"),
        pytest.param({}, "missing field: id, name, hash, scopes", id="nothing"),
        pytest.param(ENTRY | {"colour": 1}, "unknown field: colour", id="unknown field"),
        pytest.param(ENTRY | {"id": 7}, "id must be text", id="id a number"),
        pytest.param(ENTRY | {"name": ["x"]}, "name must be text", id="name a list"),
        pytest.param(ENTRY | {"hash": "secret"}, "hash must be", id="hash plain"),
        pytest.param(ENTRY | {"previous_hash": "x"}, "previous_hash must be", id="previous hash plain"),
        pytest.param(ENTRY | {"scopes": "INTEGRATION_API"}, "scopes must be a list", id="scopes a text"),
        pytest.param(ENTRY | {"scopes": [1]}, "scopes must be a list", id="scopes of numbers"),
        pytest.param(ENTRY | {"integrations": "all"}, "integrations must be a list", id="integrations a text"),
        pytest.param(ENTRY | {"integrations": ["x"]}, "UUID", id="integration no UUID"),
        pytest.param(ENTRY | {"rate": "fast"}, "rate must be", id="rate a word"),
        pytest.param(ENTRY | {"rate": "0/minute"}, "rate must be", id="rate zero"),
        pytest.param(ENTRY | {"created": "now"}, "created must be a number", id="created a text"),
        pytest.param(ENTRY | {"revoked": True}, "revoked must be a number", id="revoked a boolean"),
    ],
)
def test_a_wrong_record_is_refused_by_the_name_of_its_field(entry: object, words: str):
    with pytest.raises(ValueError, match=words):
        from_entry(entry)


def test_a_record_needs_no_more_than_id_name_hash_and_scopes():
    entry = {name: ENTRY[name] for name in ("id", "name", "hash", "scopes")}

    assert from_entry(entry).integrations is None


def test_integrations_are_compared_in_lower_case():
    assert from_entry(ENTRY | {"integrations": [INTEGRATION.upper()]}).integrations == {INTEGRATION}
