"""A status is called the same on each Python."""

from __future__ import annotations

from gateway import VERSION
from gateway.api.pages.openapi.document import document
from gateway.api.routes import RESOURCES
from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.problems import PROBLEM_TYPES
from gateway.reason_phrases import REASON_PHRASES


def test_each_status_that_is_answered_has_its_phrase_and_no_other():
    made = [make(("en",), 1, lambda: None) for make in RESOURCES]
    described = document(version=VERSION, resources=made, methods=(KEYCLOAK, API_KEY), max_items=1, public_url="")
    operations = [operation for path in described["paths"].values() for operation in path.values()]

    answered = {int(status) for operation in operations for status in operation["responses"]}
    assert set(REASON_PHRASES) == answered | {kind.status for kind in PROBLEM_TYPES.values()}


def test_what_the_releases_of_python_call_otherwise_has_the_phrase_of_rfc_9110():
    assert {status: REASON_PHRASES[status] for status in (413, 414, 422)} == {
        413: "Content Too Large",
        414: "URI Too Long",
        422: "Unprocessable Content",
    }
