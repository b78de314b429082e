"""Behind a proxy that shows the service under a path of its own, every page finds what it needs."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from sandbox.web import call
from tests.e2e.browser.chromium import EXECUTABLE, Chromium
from tests.e2e.browser.docs_page import DocsPage
from tests.e2e.proxy import BINARY, MISSING, PREFIX, nginx_before

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(BINARY is None, reason=MISSING)]
needs_browser = pytest.mark.skipif(EXECUTABLE is None, reason="chromium is not installed (make servers)")


@pytest.fixture
def shown(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """The URL under which the proxy shows the service."""
    proxy = nginx_before(stack.gateway.url, tmp_path)
    proxy.start()
    yield proxy.url + PREFIX
    proxy.kill()


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    with Chromium(tmp_path / "profile") as browser:
        yield browser


class Links(HTMLParser):
    """Where a page leads and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]


def links_of(page: str) -> list[str]:
    """The links of the page at a URL, each resolved as a browser does, data within the page aside."""
    reply = call("GET", page, headers={"accept": "text/html"})
    assert reply.status == 200, page
    links = [urljoin(page, link) for link in Links(reply.body.decode()).found]
    return [link for link in links if urlsplit(link).scheme == "http"]


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ("", 5),
        ("docs", 8),
        ("status", 3),
        ("problems", 20),
        ("problems/", 20),
        ("problems/invalid-token", 3),
        ("problems/core-rejected", 4),
    ],
)
def test_every_link_of_a_page_leads_to_the_service(shown: str, page: str, count: int) -> None:
    links = links_of(f"{shown}/{page}")

    assert len(links) >= count
    assert {link: call("GET", link).status for link in links} == dict.fromkeys(links, 200)


def test_the_interactive_page_reads_the_document_and_calls_what_that_document_names(shown: str) -> None:
    start = call("GET", f"{shown}/docs/start.js").body.decode()
    address = re.search(r'url: "([^"]+)"', start)
    assert address is not None

    document = urljoin(f"{shown}/docs", address[1])
    [server] = json.loads(call("GET", document).body)["servers"]

    assert document == f"{shown}/openapi.json"
    assert urljoin(document, server["url"]).rstrip("/") == shown


@pytest.mark.slow
@needs_browser
def test_an_update_can_be_sent_from_the_interactive_page(shown: str, stack: Stack, chromium: Chromium) -> None:
    page = DocsPage(chromium, shown)
    page.authorize("keycloak", stack.token())

    assert page.execute("updateActions") == 200
    assert chromium.complaints == []
    assert [url for url in chromium.requested if not url.startswith((shown + "/", "data:"))] == []


@needs_browser
def test_the_operators_page_shows_its_numbers(shown: str, chromium: Chromium) -> None:
    chromium.open(f"{shown}/status")

    chromium.wait_for("document.getElementById('build').textContent.endsWith('1 worker')")
    assert [url for url in chromium.requested if not url.startswith((shown + "/", "data:"))] == []
