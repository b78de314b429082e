"""The collections hold each operation and each answer of the document, and nothing that is not given or set."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway import VERSION
from gateway.api.pages.openapi.document import document
from gateway.api.routes import RESOURCES
from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.reference import bruno, postman
from gateway.reference.collection import Collection

FOLDER = Path(__file__).parents[4] / "docs" / "reference"
COLLECTION = Collection.of_this_version()
POSTMAN = json.loads((FOLDER / postman.FILE).read_text(encoding="utf-8"))
BRUNO = {path: path.read_text(encoding="utf-8") for path in (FOLDER / bruno.FOLDER).rglob("*.bru")}
_USED = re.compile(r"\{\{(\w+)\}\}")


@pytest.fixture(scope="module")
def openapi():
    made = [make(("en",), 1, lambda: None) for make in RESOURCES]
    return document(version=VERSION, resources=made, methods=(KEYCLOAK, API_KEY), max_items=1000, public_url="")


@pytest.mark.parametrize("files", [postman.files, bruno.files])
def test_the_collection_in_the_docs_is_that_of_the_document(files):
    made = files(COLLECTION)

    there = {name: (FOLDER / name).read_text(encoding="utf-8") for name in made if (FOLDER / name).exists()}
    assert there == made, "run: make reference"


def test_there_is_no_other_file_of_bruno():
    there = {path.relative_to(FOLDER).as_posix() for path in (FOLDER / bruno.FOLDER).rglob("*") if path.is_file()}

    assert there == set(bruno.files(COLLECTION))


def test_each_operation_is_a_request_and_each_answer_an_example(openapi):
    operations = [operation for path in openapi["paths"].values() for operation in path.values()]
    answers = openapi["components"]["responses"].values()
    bodies = [example for one in answers for kind in one.get("content", {}).values() for example in kind["examples"]]
    without = [one for one in answers if "content" not in one]

    assert sorted(one.id for one in COLLECTION.requests) == sorted(one["operationId"] for one in operations)
    assert sum(len(one.examples) for one in COLLECTION.requests) == len(bodies) + len(without)


def items_of_postman():
    first, *folders = POSTMAN["item"]
    return [first, *(item for folder in folders for item in folder["item"])]


def test_the_format_is_the_one_that_is_named():
    assert POSTMAN["info"]["schema"].endswith("/v2.1.0/collection.json")
    for item in items_of_postman():
        assert item.keys() <= {"name", "event", "request", "response"}
        assert item["request"]["method"] in {"GET", "POST", "PUT", "PATCH", "DELETE"}
        assert item["request"]["url"]["raw"] == "/".join(
            item["request"]["url"]["host"] + item["request"]["url"]["path"]
        )
        assert all(answer["originalRequest"]["url"] == item["request"]["url"] for answer in item["response"])


def test_a_token_is_asked_for_first_and_kept_for_the_others():
    token = items_of_postman()[0]

    assert token["name"] == "Get a token"
    assert token["request"]["auth"] == {"type": "noauth"}
    assert [field["key"] for field in token["request"]["body"]["urlencoded"]] == [
        "grant_type",
        "client_id",
        "client_secret",
    ]
    assert POSTMAN["auth"]["bearer"] == [{"key": "token", "value": "{{token}}", "type": "string"}]


def test_every_variable_that_is_used_is_one_that_is_given_or_set():
    known = {variable["key"] for variable in POSTMAN["variable"]}

    assert set(_USED.findall(json.dumps(POSTMAN))) - known == set()
    assert {name for text in BRUNO.values() for name in _USED.findall(text)} - known == set()


def test_no_secret_has_a_value():
    secrets = ("clientSecret", "apiKey", "token")

    assert [one["value"] for one in POSTMAN["variable"] if one["key"] in secrets] == ["", "", ""]
    [environment] = [text for path, text in BRUNO.items() if path.parent.name == "environments"]
    assert "vars:secret [\n  clientSecret,\n  apiKey\n]" in environment


def test_a_key_is_new_at_each_sending():
    """Else a second batch would be answered with the result of the first."""
    sent = {item["name"]: item for item in items_of_postman()}

    keyed = [name for name, item in sent.items() if "{{idempotencyKey}}" in json.dumps(item["request"]["header"])]
    updates = [f"Update many {make(('en',), 1, lambda: None).plural}" for make in RESOURCES]
    assert keyed == [*updates, "Make a job"]
    assert "Update many actions" in updates
    assert all(sent[name]["event"][0]["listen"] == "prerequest" for name in keyed)
    assert sum("script:pre-request" in text for text in BRUNO.values()) == len(RESOURCES) + 1
