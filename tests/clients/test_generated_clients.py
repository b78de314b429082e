"""A client that is generated from ``/openapi.json`` reads every answer of the running service as values of its types."""

from __future__ import annotations

import json

import pytest

from tests.clients.generated import LANGUAGES, answers
from tests.clients.tools import Unavailable

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]


# What every answer has, and the client of an earlier document does not know.
LATER = (("Action", "title"), ("Action", "author_id"), ("ActionItemError", "detail"), ("ProblemError", "detail"))


def earlier(document):
    """The document before the fields of LATER came."""
    spec = json.loads(document)
    for component, field in LATER:
        schema = spec["components"]["schemas"][component]
        del schema["properties"][field]
        schema["required"] = [name for name in schema["required"] if name != field]
    return json.dumps(spec)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("edition", [str, earlier], ids=["today", "earlier"])
def test_every_answer_is_read_as_typed_values_also_by_a_client_that_does_not_know_the_newest_fields(
    language, edition, tmp_path, stack, document
):
    try:
        read = answers(language, tmp_path, edition(document), GATEWAY=stack.gateway.url, TOKEN=stack.token())
    except Unavailable as exc:
        pytest.skip(str(exc))

    assert read == {
        "updated": [200, "19000", "done", "2024-01-10 06:51:15"],
        "partly": [207, ["19000"], [[1, "90404", "not_found", "not_applied", False]]],
        "dry_run": [200, 0, 2],
        "invalid": {
            "code": 400,
            "type": "validation-failed",
            "errors": [[1, "19000", "duplicate_action_id", "actionId", None, None]],
        },
        "missing": {
            "code": 404,
            "type": "not-found",
            "errors": [[0, "90404", "not_found", None, "not_applied", False]],
        },
        "limited": {"code": 429, "type": "quota-exceeded", "errors": []},
    }
    assert stack.core.control("GET", "calls")["applied"] == 2
