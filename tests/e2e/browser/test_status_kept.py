"""What the server keeps for the operators' page, in a real browser before one gateway of two workers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.stack import Stack
from sandbox.web import call
from tests.e2e.browser.test_status_page import LABEL, VERDICT
from tests.e2e.stack import CoreView, Partner
from tests.faults.house import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.web import Reply
    from tests.e2e.browser.chromium import Chromium

pytestmark = pytest.mark.e2e
ROWS = "[...document.querySelectorAll('#{} tbody tr, #{} > tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
BATCHES, FOUND = (ROWS.format(name, name) for name in ("batches", "found"))
# How many milliseconds the core takes of a batch, as the chart says.
CORE_MS = f"parseFloat(/core ([\\d.]+) ms/.exec({LABEL.format('Time spent')})?.[1] ?? 0)"


class Watched:
    """A stack whose status page stands on a port of its own, with the audit trail."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        settings = {"WORKERS": "2", "METRICS": "port", "METRICS_PORT": str(port), "STATUS_PAGE": "true", "AUDIT": "all"}
        self.page = f"http://127.0.0.1:{port}/status"
        self.stack = Stack(settings)

    def send(self, *ids: int) -> Reply:
        return Partner(self.stack).patch(*({"actionId": str(action_id), "status": "active"} for action_id in ids))

    def applied_in_history(self) -> float:
        """How many items were applied between the first snapshot and the last."""
        items = [snapshot["samples"].get("gateway_items_total", []) for snapshot in self.snapshots()]
        applied = [sum(value for labels, value in found if labels["outcome"] == "applied") for found in items]
        return applied[-1] - applied[0]

    def snapshots(self) -> list[Any]:
        found: list[Any] = call("GET", f"{self.page}/history").json()["snapshots"]
        return found

    def kept(self, *ids: int) -> str:
        """The id of the request whose line is written."""
        request: str = self.send(*ids).headers["x-request-id"]
        trail = self.stack.folder / "state" / "audit.jsonl"
        eventually(lambda: trail.exists() and request in trail.read_text())
        return request


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    watched = Watched()
    with watched.stack:
        yield watched


def test_recent_batches_say_who_when_what_became_of_the_items_and_how_long(
    watched: Watched, chromium: Chromium
) -> None:
    request = watched.kept(19000, 19001, 90404)
    chromium.open(watched.page)

    chromium.wait_for(f"{BATCHES}.length > 0")
    [row] = [row for row in chromium.value(BATCHES) if row[-1] == request]
    time, principal, resource, items, seconds, _ = row
    assert time.startswith("20")
    assert principal
    assert (resource, items) == ("actions", "2 ok, 1 not_found")
    assert float(seconds) > 0
    assert chromium.complaints == []


def test_what_became_of_an_item_is_found_by_its_id(watched: Watched, chromium: Chromium) -> None:
    request = watched.kept(19005, 90405)
    chromium.open(watched.page)
    chromium.wait_for("!document.getElementById('trail').hidden")

    chromium.value("document.querySelector('#find [name=item]').value = '90405'")
    chromium.value("document.querySelector('#find button').click()")

    chromium.wait_for(f"{FOUND}.length === 1")
    [row] = chromium.value(FOUND)
    assert row[2:] == ["90405", "not_applied", "not_found", request]


def test_an_item_that_nobody_sent_is_not_found(watched: Watched, chromium: Chromium) -> None:
    chromium.open(watched.page)
    chromium.wait_for("!document.getElementById('trail').hidden")

    chromium.value("document.querySelector('#find [name=item]').value = '1234567'")
    chromium.value("document.querySelector('#find button').click()")

    chromium.wait_for("document.getElementById('found').textContent === 'Nothing was found.'")


def test_the_time_of_a_batch_is_shown_by_what_it_was_spent_on(watched: Watched, chromium: Chromium) -> None:
    CoreView(watched.stack).weather(latency_ms=100)
    chromium.open(watched.page)
    chromium.wait_for(f"{VERDICT} === 'All is well.'")
    watched.send(19000, 19001)
    CoreView(watched.stack).weather(latency_ms=0)

    chromium.wait_for(f"{CORE_MS} >= 20")
    assert chromium.value(LABEL.format("Time spent")).startswith("Time spent: core ")


def test_a_page_that_is_opened_afterwards_shows_what_was_before(watched: Watched, chromium: Chromium) -> None:
    eventually(watched.snapshots)
    watched.send(*range(19000, 19100))
    eventually(lambda: watched.applied_in_history() >= 100)

    chromium.open(watched.page)
    chromium.wait_for(f"{VERDICT} === 'All is well.'")

    # A hundred items in five seconds, or a few more, though nothing is sent any more.
    assert chromium.value("parseFloat(document.querySelector('figure .scale').textContent)") >= 5
    assert chromium.value("document.querySelector('path.area').getAttribute('d').split('L').length") > 2
    assert chromium.complaints == []


def test_the_page_says_when_the_trail_cannot_be_written(watched: Watched, chromium: Chromium) -> None:
    chromium.open(watched.page)
    trail = watched.stack.folder / "state" / "audit.jsonl"
    trail.unlink()
    trail.mkdir()
    assert watched.send(19002).status == 200

    chromium.wait_for(f"{VERDICT}.startsWith('The audit trail cannot be written')")
    trail.rmdir()
    chromium.wait_for(f"{VERDICT} === 'All is well.'")
