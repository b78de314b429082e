"""What a person finds who opens the service in a browser, and what a program finds that asks the same addresses."""

from __future__ import annotations

import re
import shlex
from html.parser import HTMLParser

import pytest

from gateway import VERSION
from gateway.api.routes import RESOURCES
from gateway.item_codes import ITEM_CODES
from gateway.problems import PROBLEM_TYPES
from schemas.messages import VALIDATION_CODES
from tests.doubles.service import assert_problem

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Page(HTMLParser):
    """The ids, links and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []

    def handle_data(self, data):
        self.words.append(data)


def opened(service, path):
    answer = service.client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    return Page(answer.text)


def test_the_root_says_what_is_here_to_people(make_service):
    page = opened(make_service(status_page="true", guides_url="https://guides.example/"), "/")

    assert page.links == [
        "docs", "openapi.json", "problems/", "https://guides.example/partners/first-batch.html", "readyz", "status",
    ]  # fmt: skip


def test_the_root_leads_to_nothing_that_is_not_served(make_service):
    page = opened(make_service(docs_page="false", metrics="port", status_page="true"), "/")

    assert page.links == ["openapi.json", "problems/", "readyz"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", None])
def test_the_root_says_it_to_programs_as_json(service, accept):
    answer = service.client.get("/", headers={"Accept": accept} if accept else {})

    assert answer.get_json() == {
        "name": "Bulk-update gateway",
        "version": VERSION,
        "links": {"docs": "docs", "openapi": "openapi.json", "problems": "problems/", "readyz": "readyz"},
    }
    assert answer.headers["Vary"] == "Accept"


def test_the_index_of_problems_has_each_type_and_each_code_with_its_meaning(service):
    page = opened(service, "/problems/")

    assert set(page.links) == {"../", *PROBLEM_TYPES}
    assert {name for name in page.ids if name.startswith("code-")} == {
        f"code-{code}" for code in (*ITEM_CODES, *VALIDATION_CODES)
    }
    assert len(page.ids) == len(set(page.ids))
    text = "".join(page.words)
    assert "The core does not know this item." in text
    assert VALIDATION_CODES["too_long"] in text


@pytest.mark.parametrize("slug", PROBLEM_TYPES)
def test_a_problem_shows_an_answer_of_its_type_and_leads_to_the_codes_in_it(service, slug):
    page = opened(service, f"/problems/{slug}")

    text = "".join(page.words)
    assert f'"type": "https://gateway.example/problems/{slug}"' in text
    codes = set(re.findall(r'"code": "(\w+)"', text))
    assert set(page.links) == {"../", "./", *(f"./#code-{code}" for code in codes)}


def examples(service, name):
    """Every example of an answer under this name."""
    found = []

    def look(value):
        if isinstance(value, list):
            for each in value:
                look(each)
        elif isinstance(value, dict):
            given = value.get("examples")
            found.extend([given[name]["value"]] if isinstance(given, dict) and name in given else [])
            for each in value.values():
                look(each)

    look(service.client.get("/openapi.json").get_json())
    return found


def test_the_example_of_an_invalid_batch_is_what_a_batch_with_such_an_item_is_answered(service):
    items = [{"actionId": "19353", "colour": "red"}, {"actionId": "19354", "status": "done"}]
    answer = service.patch(*items).get_json()
    page = "".join(opened(service, "/problems/validation-failed").words)

    assert answer["detail"] == "1 of 2 actions is invalid; nothing was sent to the core."
    assert f'"detail": "{answer["detail"]}"' in page
    assert {each["detail"] for each in examples(service, "validation-failed")} == {answer["detail"]}


def test_jobs_in_examples_are_as_far_as_their_states_say(service):
    jobs = examples(service, "job")

    assert {job["state"] for job in jobs} == {"uploading", "queued", "paused", "cancelled", "succeeded"}
    for job in jobs:
        counts = dict(job["counts"])
        assert counts.pop("total") == sum(counts.values())
        assert (job["started_at"] is None) == (job["state"] != "succeeded") == (not counts["applied"])
    of_batches = [job for job in jobs if job["parts"] == 1]
    made = [make(("en",), 1, lambda: None) for make in RESOURCES]
    assert [(job["resource"], job["state"], job["counts"]["total"]) for job in of_batches] == [
        (resource.plural, "queued", len(resource.example.sent)) for resource in made
    ]
    assert ("actions", 2) in [(job["resource"], job["counts"]["total"]) for job in of_batches]


@pytest.mark.parametrize(("path", "root"), [("/nowhere", "./"), ("/problems/nothing", "../"), ("/a/b/c/", "../../../")])
def test_a_browser_that_goes_astray_gets_a_page_that_leads_home(service, path, root):
    answer = service.client.get(path, headers=BROWSER)
    page = Page(answer.text)

    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")
    assert set(page.links) == {root}
    assert "There is nothing here" in page.words
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", None])
def test_a_program_that_goes_astray_gets_a_problem(service, accept):
    answer = service.client.get("/nowhere", headers={"Accept": accept} if accept else {})

    assert_problem(answer, 404, "no-such-page")
    assert answer.headers["Vary"] == "Accept"


def test_no_part_of_a_strange_address_is_repeated_on_its_page(service):
    answer = service.client.get("/%22%3E%3Cscript%3E", headers=BROWSER)

    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_the_status_page_leads_to_the_root(make_service):
    assert opened(make_service(status_page="true"), "/status").links[0] == "./"


def test_an_author_is_a_uuid_in_examples_as_in_answers(service):
    text = service.client.get("/openapi.json").text

    assert set(re.findall(r'"author_id": ?("[^"]*"|\d+)', text)) == {'"c8951314-058c-5711-aaf1-00a842bc7678"'}


def test_an_operation_that_refuses_browsers_says_so_and_has_a_curl_that_holds(service):
    operations = [
        each for item in service.client.get("/openapi.json").get_json()["paths"].values() for each in item.values()
    ]
    [closed] = [each for each in operations if "x-server-only" in each]

    assert closed["operationId"] == "replaceIntegrationAction"
    assert closed["x-server-only"] in closed["description"]
    [curl] = re.findall(r"```sh\n(.*?)```", closed["description"], re.DOTALL)
    words = shlex.split(curl.replace("\\\n", " "))
    path = words[3].removeprefix("$GATEWAY").replace("$INTEGRATION", "f20a1994-520c-573a-b89e-f83b3530cc3e")
    path = path.replace("$ACTION", "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222")
    sent = {"Authorization": "Bearer key_1", "Content-Type": "application/json"}
    answer = service.client.put(path, data=words[words.index("-d") + 1], headers=sent)
    assert answer.status_code == 200


def test_the_document_leads_to_the_guides_where_the_operator_says_where_they_are(make_service):
    document = make_service(guides_url="https://guides.example").client.get("/openapi.json").get_json()
    without = make_service().client.get("/openapi.json").get_json()

    assert document["externalDocs"]["url"] == "https://guides.example/partners/first-batch.html"
    assert all(tag["externalDocs"]["url"].startswith("https://guides.example/partners/") for tag in document["tags"])
    assert "externalDocs" not in without
    assert not any("externalDocs" in tag for tag in without["tags"])
    assert "### Get a token" in without["info"]["description"]
