"""Pages for people, judged by axe: nothing serious or critical, in either scheme, with an operation open too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients.tools import Unavailable, tool
from tests.e2e.browser.docs_page import DocsPage
from tests.e2e.browser.test_status_page import FAINTEST_TEXT

if TYPE_CHECKING:
    from sandbox.stack import Stack
    from tests.e2e.browser.chromium import Chromium

pytestmark = pytest.mark.e2e
SMALL = ["/", "/problems/", "/problems/core-rejected"]
CLOSED = "[id$=-replaceIntegrationAction]"
RUN = """axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations
  .filter((rule) => ['serious', 'critical'].includes(rule.impact))
  .map((rule) => rule.id + ' ' + rule.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')))"""


@pytest.fixture
def axe() -> str:
    try:
        return tool("node/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
    except Unavailable as missing:
        pytest.skip(str(missing))


def violations(chromium: Chromium, axe: str) -> list[str]:
    chromium.value(f"{axe}; 0")
    found: list[str] = chromium.value(RUN)
    return found


def open_closed_operation(chromium: Chromium) -> None:
    chromium.value(f"document.querySelector('{CLOSED} .opblock-summary-control').click()")
    chromium.wait_for(f"document.querySelector('{CLOSED} .responses-inner') !== null")


def test_the_operation_that_refuses_browsers_has_a_reason_and_a_curl_and_no_button(
    stack: Stack, chromium: Chromium
) -> None:
    DocsPage(chromium, stack.gateway.url)
    open_closed_operation(chromium)

    text = chromium.value(f"document.querySelector('{CLOSED}').innerText")
    assert "Browsers are refused (403 browser-origin)" in text
    assert 'curl -X PUT "$GATEWAY/integrations/v1/$INTEGRATION/actions/$ACTION"' in text
    assert chromium.value(f"document.querySelectorAll('{CLOSED} :is(.execute, .try-out__btn)').length") == 0
    assert chromium.value("document.querySelectorAll('.model-container').length") == 0
    assert chromium.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_of_a_small_page_can_be_read_and_fits_a_phone(stack: Stack, chromium: Chromium, dark: bool) -> None:
    for path in SMALL:
        # As a person comes: by a link, and not by the address bar of a program.
        chromium.open(stack.gateway.url + path, dark=dark, size=(360, 780))

        assert chromium.value(FAINTEST_TEXT) >= 4.5, path
        assert chromium.value("document.documentElement.scrollWidth") <= 360, path
        assert chromium.complaints == [], path


def test_an_open_operation_fits_a_phone(stack: Stack, chromium: Chromium) -> None:
    chromium.open(f"{stack.gateway.url}/docs", size=(360, 780))
    chromium.wait_for("document.querySelectorAll('.opblock').length > 0")
    operation = "[id$=-updateActions]"
    chromium.value(f"document.querySelector('{operation} .opblock-summary-control').click()")
    chromium.wait_for(f"document.querySelector('{operation} .responses-inner') !== null")

    assert chromium.value("document.documentElement.scrollWidth") <= 360
    beyond = f"[...document.querySelectorAll('{operation} .responses-inner *')].filter((one) => one.offsetParent)"
    assert chromium.value(f"{beyond}.filter((one) => one.getBoundingClientRect().right > 361).length") == 0


def test_problems_are_found_by_type_code_status_and_word(stack: Stack, chromium: Chromium) -> None:
    chromium.open(f"{stack.gateway.url}/problems/")
    shown = "[...document.querySelectorAll('tbody tr')].filter((row) => row.offsetParent).map((row) => row.cells[0].innerText)"

    chromium.value("document.querySelector('#word').focus()")
    chromium.command("Input.insertText", text="core_busy")
    assert chromium.value(shown) == ["core_busy"]

    chromium.value("document.querySelector('#word').value = ''; 0")
    chromium.command("Input.insertText", text="409 part")
    assert chromium.value(shown) == ["job-part-differs", "job-parts-missing"]
    assert chromium.value("document.querySelector('#find output').textContent").startswith("2 of ")


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(stack: Stack, chromium: Chromium, axe: str, dark: bool) -> None:
    for path in SMALL:
        chromium.open(stack.gateway.url + path, dark=dark)
        assert violations(chromium, axe) == [], path
    chromium.open(f"{stack.gateway.url}/docs", dark=dark)
    chromium.wait_for("document.querySelectorAll('.opblock').length > 0")
    open_closed_operation(chromium)

    assert violations(chromium, axe) == []
