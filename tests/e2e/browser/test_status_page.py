"""The operators' page in a real browser, before a real gateway."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from gateway.settings import load
from gateway.wiring.jobs import job_stores
from tests.doubles.job_worlds import run, started
from tests.e2e.browser.chromium import PATIENCE_SECONDS
from tests.e2e.stack import CoreView, Partner
from tests.faults.house import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.stack import Stack
    from tests.e2e.browser.chromium import Chromium

pytestmark = pytest.mark.e2e
TITLES = "[...document.querySelectorAll('figcaption strong')].map((title) => title.textContent).join(', ')"
BATCHES_ALONE = "Items, Failed items, Requests, Refusals, Batch time, Time spent, Core time, Core calls, Held back, In flight, Queue"
LABEL = "[...document.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label')).find((label) => label.startsWith('{}: '))"
VERDICT = "document.getElementById('verdict').textContent"
# Relative luminance and contrast as in WCAG 2.2, of every text that the page shows, with what is behind it.
FAINTEST_TEXT = """(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    const [r, g, b, alpha = 1] = channels(getComputedStyle(node).backgroundColor);
    return alpha || !node.parentElement ? [r, g, b] : behind(node.parentElement);
  };
  const texts = [...document.querySelectorAll("body *")].filter((node) => [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim()));
  return Math.min(...texts.map((node) => {
    const pair = [luminance(channels(getComputedStyle(node).color)), luminance(behind(node))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  }));
})()"""


# What `verdict` says of two snapshots sixteen seconds apart, of which the later one has `samples` and came three times.
SAID = """import("./status/verdict.js").then(({{verdict}}) => {{
  const now = {{time: 1016, samples: {{gateway_jwks_age_seconds: [[{{}}, 1]], ...{samples}}}}};
  return verdict(now, {{time: 1000, samples: {{}}}}, [now, now, now])[1];
}})"""
AT_LIMIT = "Calls to the core stand at their limit: batches wait for their turns."
NOT_SENT = "Items are not sent: the time of their batches runs out, or the core is away."
MANY_REFUSED = "Many requests are refused: see Refusals."


def _requests(refused: int, served: int) -> dict[str, list[object]]:
    counts = {"400": refused, "200": served}
    requests = [[{"route": "/openapi/api/v1/actions", "status": status}, count] for status, count in counts.items()]
    return {"gateway_requests_total": [*requests, [{"route": "/metrics", "status": "404"}, 1000]]}


def _calls(in_flight: int) -> dict[str, list[object]]:
    return {"gateway_core_in_flight": [[{}, in_flight]], "gateway_core_concurrency_limit": [[{}, 64]]}


def _send(stack: Stack, *ids: int) -> None:
    Partner(stack).patch(*({"actionId": str(action_id), "status": "active"} for action_id in ids))


def test_the_page_draws_what_partners_send_and_asks_nobody_else(stack: Stack, chromium: Chromium) -> None:
    chromium.open(stack.gateway.url + "/status")
    chromium.wait_for(f"{VERDICT} !== 'Loading …'")

    def are_items_shown() -> bool:
        # The number is that of the last poll, which a busy machine takes late.
        _send(stack, 19000, 19001, 90404)
        return bool(
            chromium.value("/^Items: applied (?!0[/]s)/.test(document.querySelector('svg').getAttribute('aria-label'))")
        )

    eventually(are_items_shown, PATIENCE_SECONDS)
    assert chromium.value("document.querySelectorAll('figure').length") == 11
    assert chromium.value("document.getElementById('build').textContent").endswith("1 worker")
    assert chromium.complaints == []
    assert {url.split("/status")[0] for url in chromium.requested} == {stack.gateway.url}


def test_failed_items_are_shown_by_code_and_refusals_by_what_was_wrong(stack: Stack, chromium: Chromium) -> None:
    chromium.open(stack.gateway.url + "/status")
    chromium.wait_for(f"{VERDICT} !== 'Loading …'")

    def are_shown() -> bool:
        # Again until they are: a chart shows the five that grew most, and other tests are refused here too.
        Partner(stack).patch({"actionId": "19000", "status": "wrong"})
        _send(stack, 19000, 90404)
        failed = chromium.value(f"/not_found (?!0\\/s)/.test({LABEL.format('Failed items')})")
        return bool(failed and chromium.value(f"/invalid_choice (?!0\\/s)/.test({LABEL.format('Refusals')})"))

    eventually(are_shown, PATIENCE_SECONDS)
    assert "ok" not in chromium.value(LABEL.format("Failed items"))
    assert "validation-failed" not in chromium.value(LABEL.format("Refusals"))
    assert chromium.complaints == []


def test_the_axis_has_the_times_of_the_log_and_as_much_of_the_last_hour_as_one_wants(
    stack: Stack, chromium: Chromium
) -> None:
    chromium.open(stack.gateway.url + "/status")
    chromium.wait_for("document.querySelectorAll('path.area').length")
    times = "[...document.querySelector('.axis').children].map((time) => Date.parse(`1970-01-02T${time.textContent}Z`) / 1000)"

    for seconds in (300, 900, 3600):
        chromium.value(f"document.getElementById('window').value = '{seconds}'")
        chromium.value("document.getElementById('window').dispatchEvent(new Event('change'))")
        first, middle, last = chromium.value(times)
        assert ((last - first) % 86400, (last - middle) % 86400) == (seconds, seconds // 2)
    now = chromium.value("Date.now() / 1000")
    assert (now - last) % 86400 < 60


def test_the_verdict_tells_of_many_refusals_and_of_calls_at_their_limit(stack: Stack, chromium: Chromium) -> None:
    chromium.open(stack.gateway.url + "/status")
    cases: list[tuple[dict[str, list[object]], str]] = [
        (_calls(58), AT_LIMIT),
        (_calls(57), "All is well."),
        (_requests(5, 20), MANY_REFUSED),
        (_requests(4, 4), "All is well."),
        (_requests(5, 21), "All is well."),
        ({"gateway_items_total": [[{"outcome": "not_sent"}, 1]]}, NOT_SENT),
    ]

    said = [chromium.value(SAID.format(samples=json.dumps(samples))) for samples, _ in cases]

    assert said == [words for _, words in cases]


def test_the_page_says_when_the_circuit_is_open(make_stack: Callable[..., Stack], chromium: Chromium) -> None:
    stack = make_stack({"STATUS_PAGE": "true", "CIRCUIT_MIN_CALLS": "2", "CIRCUIT_OPEN": "600"})
    CoreView(stack).weather(fault_rate=1, faults=["500"])
    chromium.open(stack.gateway.url + "/status")
    _send(stack, 19000, 19001, 19002, 19003)

    chromium.wait_for(f"{VERDICT} === 'The circuit to the core is open: items are held back.'")
    chromium.wait_for("document.getElementById('tiles').innerText.includes('open (1 of 1)')")


def test_keys_that_were_never_had_do_not_look_fresh(make_stack: Callable[..., Stack], chromium: Chromium) -> None:
    stack = make_stack({"STATUS_PAGE": "true", "KEYCLOAK_URL": "http://127.0.0.1:9"}, ready="/livez")
    chromium.open(stack.gateway.url + "/status")

    chromium.wait_for(f"{VERDICT} === 'Keycloak has given no signing keys: tokens are refused.'")
    chromium.wait_for(
        "[...document.querySelectorAll('#tiles div')].some((tile) => tile.textContent === 'Keys\\' age–')"
    )


def test_the_page_says_when_keys_cannot_be_kept(make_stack: Callable[..., Stack], chromium: Chromium) -> None:
    stack = make_stack({"STATUS_PAGE": "true", "REDIS_URL": "redis://127.0.0.1:9/0", "RATE_LIMIT": ""})
    chromium.open(stack.gateway.url + "/status")
    chromium.wait_for(f"{VERDICT} === 'All is well.'")
    Partner(stack).patch({"actionId": "19000", "status": "active"}, idempotency_key="k")

    chromium.wait_for(f"{VERDICT} === 'Batches with an idempotency key are refused: their store is down.'")


def test_jobs_are_shown_from_when_there_is_one(make_stack: Callable[..., Stack], chromium: Chromium) -> None:
    stack = make_stack({"STATUS_PAGE": "true", "CORE_AUTH": "none"})
    settings = {name: value for name, value in stack.environment().items() if name.startswith("GATEWAY_")}
    chromium.open(stack.gateway.url + "/status")
    chromium.wait_for(f"{VERDICT} === 'All is well.'")
    assert chromium.value(TITLES) == BATCHES_ALONE
    with contextlib.closing(job_stores(load(settings))) as stores:
        started(stores.jobs, range(2400))

        chromium.wait_for(f"{VERDICT} === 'Chunks of jobs are due, and no worker takes them.'")
        chromium.wait_for(f"{TITLES} === '{BATCHES_ALONE}, Jobs, Chunks of jobs, Items of jobs'")
        assert chromium.value(LABEL.format("Jobs")).startswith("Jobs: running 0, queued 1,")
        stores.chunks.beat("w")
        lease = stores.chunks.next_chunk("w")
        chromium.wait_for(f"{LABEL.format('Chunks of jobs')} === 'Chunks of jobs: with a worker 1, due 2'")
        run(stores.chunks, lease)
        chromium.wait_for(f"/applied [^0].*, failed 0.*, unknown 0/.test({LABEL.format('Items of jobs')})")

    assert chromium.value(LABEL.format("Jobs")).startswith("Jobs: running 1, queued 0,")
    assert "Job workers1" in chromium.value(
        "[...document.querySelectorAll('#tiles div')].map((tile) => tile.textContent)"
    )
    assert chromium.value(VERDICT) == "All is well."
    assert chromium.complaints == []


def test_the_page_says_when_there_is_nobody_to_ask(make_stack: Callable[..., Stack], chromium: Chromium) -> None:
    stack = make_stack({"STATUS_PAGE": "true"})
    chromium.open(stack.gateway.url + "/status")
    stack.gateway.kill()

    chromium.wait_for(f"{VERDICT}.startsWith('No numbers: ')")


def test_the_values_of_a_moment_are_shown_where_one_points(stack: Stack, chromium: Chromium) -> None:
    chromium.open(stack.gateway.url + "/status")
    chromium.wait_for("document.querySelectorAll('path.area').length")
    middle = chromium.value(
        "(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.querySelector('svg').getBoundingClientRect())"
    )

    chromium.command("Input.dispatchMouseEvent", type="mouseMoved", x=middle[0], y=middle[1])

    chromium.wait_for("document.querySelectorAll('.cursor').length === 1")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_is_legible(stack: Stack, chromium: Chromium, dark: bool) -> None:
    chromium.open(stack.gateway.url + "/status", dark=dark)
    chromium.wait_for("document.querySelectorAll('dd').length")

    assert chromium.value("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    assert chromium.value(FAINTEST_TEXT) >= 4.5


def test_the_page_fits_a_phone(stack: Stack, chromium: Chromium) -> None:
    chromium.open(stack.gateway.url + "/status", size=(360, 740))
    chromium.wait_for("document.querySelectorAll('dd').length")

    assert chromium.value("document.documentElement.scrollWidth") <= 360
