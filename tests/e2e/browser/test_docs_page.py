"""The interactive page in a real browser, before a real gateway, under its strict content security policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.resources.actions import actions
from tests.e2e.browser.docs_page import DocsPage
from tests.exact import UpdatedSchema

if TYPE_CHECKING:
    from sandbox.stack import Stack
    from tests.e2e.browser.chromium import Chromium
    from tests.e2e.stack import CoreView

pytestmark = pytest.mark.e2e
SENT = actions(("en", "fr"), 1_000, lambda: None).example.sent


@pytest.fixture
def page(stack: Stack, chromium: Chromium) -> DocsPage:
    return DocsPage(chromium, stack.gateway.url)


def test_the_page_shows_every_operation_and_asks_nobody_else(page: DocsPage, stack: Stack, chromium: Chromium) -> None:
    assert sorted(page.operations()) == [
        "DELETE /openapi/api/v1/jobs/{jobId}",
        "GET /openapi/api/v1/batches/{idempotencyKey}",
        "GET /openapi/api/v1/jobs",
        "GET /openapi/api/v1/jobs/{jobId}",
        "GET /openapi/api/v1/jobs/{jobId}/results",
        "GET /openapi/api/v1/limits",
        "PATCH /openapi/api/v1/actions",
        "POST /openapi/api/v1/jobs",
        "POST /openapi/api/v1/jobs/{jobId}/pause",
        "POST /openapi/api/v1/jobs/{jobId}/resume",
        "POST /openapi/api/v1/jobs/{jobId}/retry",
        "POST /openapi/api/v1/jobs/{jobId}/start",
        "PUT /integrations/v1/{integrationId}/actions/{actionId}",
        "PUT /openapi/api/v1/jobs/{jobId}/parts/{number}",
    ]
    assert chromium.complaints == []
    assert [url for url in chromium.requested if not url.startswith((stack.gateway.url + "/", "data:image/"))] == []


@pytest.mark.slow
def test_the_example_can_be_sent_again_and_again(
    page: DocsPage, stack: Stack, chromium: Chromium, core: CoreView
) -> None:
    page.authorize("keycloak", stack.token())

    assert page.execute("updateActions") == 200
    answer = page.answer()
    assert UpdatedSchema().validate(answer) == {}
    assert [action["actionId"] for action in answer["data"]] == [item["actionId"] for item in SENT]
    chromium.open("about:blank")
    assert send_once_more(chromium, stack) == 200
    assert core.counts()["applied"] == 2 * len(SENT)
    assert chromium.complaints == []


def send_once_more(chromium: Chromium, stack: Stack) -> int:
    """A reader of another day; the page keeps no credentials."""
    page = DocsPage(chromium, stack.gateway.url)
    page.authorize("keycloak", stack.token())
    return page.execute("updateActions")


def test_without_credentials_the_page_shows_the_refusal(page: DocsPage, core: CoreView) -> None:
    assert page.execute("updateActions") == 401
    assert page.answer()["type"].endswith("/problems/invalid-token")
    assert core.counts()["total"] == 0
