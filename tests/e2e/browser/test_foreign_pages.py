"""Pages in a real browser and the integration action: none may call it, not even with a key that holds."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from sandbox.steps import INTEGRATION_ACTION
from tests.e2e.stack import Partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.stack import Stack
    from tests.e2e.browser.chromium import Answer, Chromium
    from tests.e2e.stack import CoreView

pytestmark = pytest.mark.e2e
BODY = json.dumps({"name": "Get User Data v2"})


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>A page of somebody else</title>")

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def foreign_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def key(shared_stack: Stack) -> str:
    return shared_stack.api_key("a page that got hold of it")


class Page:
    """A page that is open in the browser; ``send`` is JavaScript that calls the action's address."""

    def __init__(self, stack: Stack, chromium: Chromium) -> None:
        self.action = stack.gateway.url + INTEGRATION_ACTION
        self._chromium = chromium

    def fetch(self, **options: object) -> str:
        """Type and status of the answer as the page sees it, or ``TypeError`` where it may not."""
        call = f"fetch({json.dumps(self.action)}, {json.dumps(options)})"
        seen: str = self._chromium.value(f"{call}.then((a) => a.type + ' ' + a.status, (error) => error.name)")
        return seen

    def post_form(self) -> None:
        """Leave for the action's address by a form, as a page can without any script's rights."""
        self._chromium.value(
            f"document.body.innerHTML = '<form method=post enctype=text/plain action={self.action}><input name=a></form>',"
            "setTimeout(() => document.forms[0].submit()), 0"
        )
        self._chromium.wait_for(f"location.href === {json.dumps(self.action)}")

    def answer(self) -> Answer:
        """What the gateway answered to the one request that it got."""
        while not (answers := self._chromium.answers(self.action)):
            self._chromium.value("null")  # A round trip takes in what the browser has told meanwhile.
        [answer] = answers
        return answer


@pytest.fixture
def page(stack: Stack, chromium: Chromium) -> Page:
    return Page(stack, chromium)


@pytest.fixture(params=["127.0.0.1", "localhost"], ids=["same-site", "cross-site"])
def foreign_page(request: pytest.FixtureRequest, foreign_port: int, page: Page, chromium: Chromium) -> Page:
    chromium.open(f"http://{request.param}:{foreign_port}/")
    return page


def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


def test_a_preflight_is_refused_and_the_call_never_leaves_the_browser(
    foreign_page: Page, core: CoreView, key: str
) -> None:
    assert foreign_page.fetch(method="PUT", headers=headers(key), body=BODY) == "TypeError"

    answer = foreign_page.answer()
    assert (answer.method, answer.status) == ("OPTIONS", 403)
    assert_nothing_is_allowed(answer, core)


def test_a_simple_request_is_refused(foreign_page: Page, core: CoreView) -> None:
    assert foreign_page.fetch(method="POST", mode="no-cors", body=BODY) == "opaque 0"

    answer = foreign_page.answer()
    assert (answer.method, answer.status) == ("POST", 403)
    assert_nothing_is_allowed(answer, core)


def test_a_form_is_refused(foreign_page: Page, core: CoreView) -> None:
    foreign_page.post_form()

    answer = foreign_page.answer()
    assert (answer.method, answer.status) == ("POST", 403)
    assert_nothing_is_allowed(answer, core)


def test_a_page_of_the_gateway_itself_is_refused_as_well(
    page: Page, stack: Stack, chromium: Chromium, core: CoreView, key: str
) -> None:
    chromium.open(stack.gateway.url + "/docs")

    assert page.fetch(method="PUT", headers=headers(key), body=BODY) == "basic 403"
    assert_nothing_is_allowed(page.answer(), core)


def test_the_same_call_of_a_server_is_taken(stack: Stack, key: str) -> None:
    reply = Partner(stack).call("PUT", INTEGRATION_ACTION, json.loads(BODY), authorization=f"Bearer {key}")

    assert reply.status == 200


def assert_nothing_is_allowed(answer: Answer, core: CoreView) -> None:
    assert [name for name in answer.headers if name.startswith("access-control-")] == []
    assert core.counts()["total"] == 0
