"""The numbers of real workers: over their deaths, the server's reload and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.web import call
from tests.e2e.stack import Partner
from tests.faults.house import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.stack import Stack

pytestmark = pytest.mark.e2e
PATIENCE_SECONDS = 30.0


class Scraped:
    """A stack of two workers, its metrics on a port of their own."""

    def __init__(self, make_stack: Callable[..., Stack]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = {"WORKERS": "2", "METRICS": "port", "METRICS_PORT": str(port)}
        self.stack = make_stack(settings)
        self.partner = Partner(self.stack)

    def value(self, name: str, **labels: str) -> float:
        reply = call("GET", f"{self.url}/metrics")
        return sum(
            sample.value
            for family in text_string_to_metric_families(reply.body.decode())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def becomes(self, expected: float, name: str, **labels: str) -> None:
        """Wait for a number that another worker folds in a moment."""
        self.until(lambda: self._value_or_none(name, **labels) == expected)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.stack.gateway.pid).children()}

    def folder(self) -> Path:
        (folder,) = (self.stack.folder / "state").glob("metrics-*")
        return folder

    def _value_or_none(self, name: str, **labels: str) -> float | None:
        try:
            return self.value(name, **labels)
        except OSError:
            return None


@pytest.fixture
def scraped(make_stack: Callable[..., Stack]) -> Scraped:
    return Scraped(make_stack)


def test_a_mixed_batch_is_counted_by_item_and_not_as_one_success(scraped: Scraped) -> None:
    scraped.partner.patch(*_items(19000, 19001, 90404))

    scraped.becomes(1, "gateway_requests_total", route="/openapi/api/v1/actions", method="PATCH", status="207")
    assert scraped.value("gateway_items_total", outcome="applied") == 2
    assert scraped.value("gateway_items_total", outcome="not_applied", code="not_found") == 1
    scraped.becomes(2, "gateway_core_attempts_total", result="2xx")
    scraped.becomes(1, "gateway_core_attempts_total", result="4xx")
    scraped.becomes(2, "gateway_core_circuit_state", state="closed")


def test_the_public_port_shows_no_metrics_and_the_own_port_no_endpoint(scraped: Scraped) -> None:
    assert call("GET", scraped.stack.gateway.url + "/metrics").status == 404
    assert call("PATCH", scraped.url + "/openapi/api/v1/actions", json_body={"data": []}).status == 404


def test_readiness_tells_its_reasons_on_the_own_port_alone(scraped: Scraped) -> None:
    pages = [f"{url}/readyz" for url in (scraped.stack.gateway.url, scraped.url)]
    # Either worker may answer, and the second is ready a moment after the first.
    scraped.until(lambda: {call("GET", page).status for page in pages} == {200})
    public, own = (call("GET", page).json()["checks"] for page in pages)

    assert set(public) == set(own)
    assert {frozenset(check) for check in public.values()} == {frozenset({"ready"})}
    assert {"circuit", "in_flight"} <= own["core"].keys()


@pytest.mark.slow
@pytest.mark.parametrize("path", ["//metrics", "/%6detrics", "/./metrics", "/metrics/"])
def test_on_the_own_port_a_path_has_one_spelling_too(scraped: Scraped, path: str) -> None:
    assert call("GET", scraped.url + path).status == 404


def test_the_own_port_explains_its_problems_itself(scraped: Scraped) -> None:
    problem = call("GET", scraped.url + "/nowhere")

    assert problem.status == 404
    assert call("GET", problem.json()["type"]).status == 200


@pytest.mark.slow
def test_no_count_is_lost_and_no_file_is_left_when_workers_die(scraped: Scraped) -> None:
    scraped.becomes(2, "gateway_workers")
    files = {path.name for path in scraped.folder().iterdir()}

    for round_number in (1, 2, 3):
        scraped.partner.patch(*_items(19000, 19001))
        scraped.becomes(2 * round_number, "gateway_items_total", outcome="applied")
        dead = scraped.workers().pop()
        os.kill(dead, signal.SIGKILL)
        scraped.until(lambda dead=dead: len(scraped.workers() - {dead}) == 2)
        scraped.becomes(2, "gateway_workers")
        assert scraped.value("gateway_items_total", outcome="applied") == 2 * round_number

    assert {path.name for path in scraped.folder().iterdir()} == files


def test_a_reload_keeps_the_counts_and_the_port(scraped: Scraped) -> None:
    scraped.partner.patch(*_items(19000))
    before = scraped.workers()

    os.kill(scraped.stack.gateway.pid, signal.SIGHUP)
    scraped.until(lambda: not before & scraped.workers())
    scraped.partner.patch(*_items(19001))

    scraped.becomes(2, "gateway_workers")
    scraped.becomes(2, "gateway_items_total", outcome="applied")


def test_the_folder_goes_with_the_server(scraped: Scraped) -> None:
    folder = scraped.folder()

    scraped.stack.gateway.stop()

    assert not folder.exists()


def test_an_address_on_the_command_line_that_would_drop_the_own_port_stops_the_start(tmp_path: Path) -> None:
    needed = {"CORE_URL": "http://core", "KEYCLOAK_URL": "http://keycloak", "KEYCLOAK_REALM": "r"}
    needed |= {"KEYCLOAK_AUDIENCE": "a", "METRICS": "port", "STATE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:gateway.server", "-b", "127.0.0.1:0", "wsgi:app"]

    ended = subprocess.run(
        command,
        env=os.environ | {f"GATEWAY_{name}": value for name, value in needed.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert "set GATEWAY_BIND instead of -b" in ended.stderr


def test_one_request_is_one_line_and_each_failed_item_another(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack({"LOG_FAILED_ITEMS": "1"})

    reply = Partner(stack).patch(*_items(19000, 90404, 90422), x_request_id="telling")

    # A line is written when the answer has left.
    lines = eventually(lambda: _lines_up_to_the_end(stack, "telling"))
    told = lines[-1]
    assert (told["status"], told["items"], told["succeeded"], told["codes"]) == (207, 3, 1, "not_found:1,rejected:1")
    assert told["sent_bytes"] == len(reply.body)
    (item,) = (line for line in lines if line["event"] == "item_failed")
    assert (item["request_id"], item["index"], item["code"]) == ("telling", 1, "not_found")


def _lines_up_to_the_end(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    """Empty until the request has ended."""
    lines = [
        json.loads(line) for line in stack.gateway.log.read_text().splitlines(keepends=True) if line.endswith("\n")
    ]
    ends = [
        at for at, line in enumerate(lines) if line["event"] == "request_ended" and line["request_id"] == request_id
    ]
    return lines[: ends[0] + 1] if len(ends) == 1 else []


def _items(*ids: int) -> list[dict[str, Any]]:
    return [{"actionId": str(action_id), "status": "active"} for action_id in ids]
