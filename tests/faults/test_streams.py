"""Streams on real sockets (contract 1.4): each line at once, and a right record whatever becomes of the reader."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.doubles.fake_core import OK, FakeCore, action, answer, reset, send, wait, wait_for
from tests.e2e.proxy import BINARY, MISSING, PREFIX, nginx_before
from tests.faults.client import Client
from tests.faults.house import Gateway, eventually, new_ids
from tests.faults.stream_reader import StreamReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.doubles.fake_core import Peer
    from tests.faults.client import Answer
    from tests.faults.house import Home

    MakeGateway = Callable[..., Gateway]
    Read = Callable[..., StreamReader]

pytestmark = pytest.mark.e2e
LINES = "application/x-ndjson"
# Nothing ends by time where a test decides when things happen.
PATIENT = {
    "CORE_TIMEOUT": "60",
    "ITEM_DEADLINE": "60",
    "BATCH_DEADLINE": "60",
    "ANSWER_TIMEOUT": "60",
    "BATCH_CONCURRENCY": "8",
}
WAYS = {
    "direct": None,
    "direct, HTTP/1.0": None,
    "nginx, HTTP/1.0": "",
    "nginx, HTTP/1.1": "proxy_http_version 1.1;",
    "nginx, gzip": "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; proxy_http_version 1.1;",
    "nginx, HTTP/1.0 and gzip": "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;",
}
# Sends what it gets, reads until it has seen so many items, says so, and reads no more.
READER = """
import socket, sys, time
host, port, items = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sock = socket.create_connection((host, port))
sock.sendall(sys.stdin.buffer.read())
taken = b""
while b'"total":' not in taken or taken.count(b'"actionId":') < items:
    taken += sock.recv(4096)
print("there", flush=True)
time.sleep(300)
"""


def ids(count: int) -> list[int]:
    return [next(new_ids) for _ in range(count)]


def large_answer(peer: Peer) -> None:
    document = {"data": {"id": peer.action_id, "details_en": "x" * 100_000}}
    send(answer(200, document))(peer)


@pytest.fixture(scope="module")
def patient_core() -> Iterator[FakeCore]:
    with FakeCore() as core:
        yield core


@pytest.fixture(scope="module")
def shared_patient(home: Home, patient_core: FakeCore) -> Iterator[Gateway]:
    with Gateway(home, patient_core.url, PATIENT) as gateway:
        yield gateway


@pytest.fixture
def patient(shared_patient: Gateway, patient_core: FakeCore) -> Gateway:
    patient_core.forget()
    return shared_patient


@pytest.fixture
def read() -> Iterator[Read]:
    """``read(url, request)``: a reader of the answer, up until the test ends."""
    with ExitStack() as opened:

        def start(url: str, request: bytes, **options: int) -> StreamReader:
            client = opened.enter_context(Client(url, **options))
            return opened.enter_context(closing(StreamReader(client, request)))

        yield start


@pytest.mark.parametrize("way", WAYS)
def test_an_items_line_arrives_before_the_next_call_is_answered(
    patient: Gateway, patient_core: FakeCore, read: Read, tmp_path: Path, way: str
) -> None:
    first, second = ids(2)
    let = threading.Event()
    patient_core.script(f"/actions/{second}", (wait_for(let.is_set), action()))
    request = patient.batch(first, second, Accept=LINES, Accept_Encoding="gzip")
    directives = WAYS[way]
    with ExitStack() as running:
        url = patient.url
        if directives is not None:
            if BINARY is None:
                pytest.skip(MISSING)
            proxy = nginx_before(patient.url, tmp_path, directives)
            running.callback(proxy.kill)
            proxy.start()
            url = proxy.url
            request = request.replace(b" /", f" {PREFIX}/".encode(), 1)
        if way == "direct, HTTP/1.0":
            request = request.replace(b"HTTP/1.1", b"HTTP/1.0", 1)

        reader = read(url, request)
        head, told_at = reader.line(), time.monotonic()
        item, waited = reader.line(), time.monotonic() - told_at
        before = let.is_set()
        let.set()
        rest = reader.rest()

    assert (reader.status, head["total"], item["index"], before) == (200, 2, 0, False)
    # Half the time to a heartbeat, which would bring it too.
    assert waited < 5
    assert [line.get("index") for line in rest] == [1, None]
    assert rest[-1] == {"status": 200, "succeeded": 2, "failed": 0, "unknown": 0}
    assert (reader.headers.get("content-encoding") == "gzip") is ("gzip" in way)
    assert "content-length" not in reader.headers


def test_the_first_line_needs_no_call_to_be_answered(patient: Gateway, patient_core: FakeCore, read: Read) -> None:
    let = threading.Event()
    patient_core.default = (wait_for(let.is_set), action())
    reader = read(patient.url, patient.batch(*ids(3), Accept=LINES, X_Request_ID="the-one"))

    assert reader.line() == {"total": 3, "request_id": "the-one"}
    let.set()
    assert reader.rest()[-1]["succeeded"] == 3


def test_the_connection_takes_the_next_request_after_a_stream(patient: Gateway) -> None:
    with patient.dial() as client:
        with closing(StreamReader(client, patient.batch(*ids(2), Accept=LINES))) as reader:
            assert reader.rest()[-1]["status"] == 200

        assert client.send(patient.batch(*ids(1))).read().status == 200


def test_a_reader_that_stops_holds_up_its_own_batch_and_nothing_else(
    patient: Gateway, patient_core: FakeCore, read: Read
) -> None:
    patient_core.default = (large_answer,)
    patient.patch(*ids(20))
    [worker] = patient.workers()
    before = worker.memory_info().rss
    stopped = ids(1000)
    paths = {f"/core/actions/{each}" for each in stopped}

    def called() -> int:
        return sum(request.path in paths for request in patient_core.requests)

    reader = read(patient.url, patient.batch(*stopped, Accept=LINES), receive_buffer=4096)
    head, seen, others = reader.line(), -1, []
    while seen != called() or not others:
        seen = called()
        others += [patient.patch(*ids(5)).status for _ in range(4)]
    grown = worker.memory_info().rss - before
    at_rest = called()
    rest = reader.rest()

    assert head["total"] == 1000
    assert set(others) == {200}
    # 256 KiB in the worker, what the sockets hold, and calls of twice BATCH_CONCURRENCY.
    assert at_rest < 100
    assert grown < 40_000_000
    assert sorted(line["index"] for line in rest[:-1]) == list(range(1000))
    assert rest[-1] == {"status": 200, "succeeded": 1000, "failed": 0, "unknown": 0}
    assert called() == 1000


def repeated(gateway: Gateway, key: str, batch: list[int]) -> Answer:
    """The answer to a plain repeat, once the key is free."""
    answers: list[Answer] = []

    def is_free() -> bool:
        answers.append(gateway.exchange(gateway.batch(*batch, Idempotency_Key=key)))
        return answers[-1].status != 409

    eventually(is_free, 30.0)
    return answers[-1]


def test_a_reader_that_takes_nothing_is_given_up_and_its_record_is_right(
    make_gateway: MakeGateway, core: FakeCore, read: Read
) -> None:
    core.default = (large_answer,)
    gateway, batch = make_gateway(core.url, **(PATIENT | {"ANSWER_TIMEOUT": "3"})), ids(100)
    reader = read(gateway.url, gateway.batch(*batch, Accept=LINES, Idempotency_Key="given-up"), receive_buffer=4096)
    reader.line()

    eventually(lambda: "answer_not_taken" in gateway.log(), 30.0)
    resumed = repeated(gateway, "given-up", batch)

    assert resumed.status == 200
    assert int(resumed.headers["idempotency-resumed"]) > 0
    assert sorted(request.path for request in core.requests) == sorted(f"/core/actions/{each}" for each in batch)


def kill_the_reader_at(place: int, gateway: Gateway, core: FakeCore) -> int:
    """How many items were left for the repeat."""
    batch, key, where = ids(100), f"killed-at-{place}-{next(new_ids)}", urlsplit(gateway.url)
    command = [sys.executable, "-S", "-E", "-c", READER, str(where.hostname), str(where.port), str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        reader.stdin.write(gateway.batch(*batch, Accept=LINES, Idempotency_Key=key))
        reader.stdin.close()
        assert reader.stdout.readline() == b"there\n"
        reader.send_signal(signal.SIGKILL)
    again = repeated(gateway, key, batch)

    assert again.status == 200, again.body
    assert [one["actionId"] for one in again.json()["data"]] == [str(each) for each in batch]
    calls = [request.path for request in core.requests if int(request.path.rpartition("/")[2]) in set(batch)]
    assert sorted(calls) == sorted(f"/core/actions/{each}" for each in batch)
    return int(again.headers.get("idempotency-resumed", "0"))


def test_the_record_of_a_reader_that_is_killed_is_right(patient: Gateway, patient_core: FakeCore) -> None:
    patient_core.default = (wait(0.05), action())

    left = [kill_the_reader_at(place, patient, patient_core) for place in (0, 1, 30)]

    assert any(left)


@pytest.mark.slow
def test_the_record_is_right_at_twenty_places(patient: Gateway, patient_core: FakeCore) -> None:
    patient_core.default = (wait(0.05), action())

    left = [kill_the_reader_at(place, patient, patient_core) for place in range(0, 100, 5)]

    assert any(left)


def test_a_stop_ends_a_stream_with_what_was_not_sent(
    make_gateway: MakeGateway, patient_core: FakeCore, read: Read
) -> None:
    patient_core.forget()
    patient_core.default = (wait(0.3), action())
    budgets = {"BATCH_DEADLINE": "5", "REQUEST_DEADLINE": "5.1", "GRACEFUL_TIMEOUT": "5.2", "BATCH_CONCURRENCY": "2"}
    gateway, batch = make_gateway(patient_core.url, **budgets), ids(60)
    reader = read(gateway.url, gateway.batch(*batch, Accept=LINES))
    reader.line()
    eventually(lambda: len(patient_core.requests) >= 4)

    gateway.master().send_signal(signal.SIGTERM)
    *items, last = reader.rest()

    sent = {int(request.path.rpartition("/")[2]) for request in patient_core.requests}
    stopped = {batch[item["index"]] for item in items if item.get("error", {}).get("code") == "shutting_down"}
    assert sorted(item["index"] for item in items) == list(range(60))
    assert stopped == set(batch) - sent
    assert last == {
        "status": 207,
        "succeeded": len(sent),
        "failed": len(stopped),
        "unknown": 0,
        "not_sent": {"shutting_down": len(stopped)},
    }
    eventually(lambda: not gateway.gateway.is_running(), 15.0)
    [told] = [line for line in gateway.log().splitlines() if "request_ended" in line and "stream" in line]
    assert f'"shutting_down:{len(stopped)}"' in told


def test_a_deadline_ends_a_stream_with_every_item_accounted_for(
    patient: Gateway, patient_core: FakeCore, read: Read
) -> None:
    patient_core.default = (wait(0.2), action())
    batch = ids(200)
    reader = read(patient.url, patient.batch(*batch, Accept=LINES, Prefer="wait=1"))

    head, *items, last = reader.rest()

    counts = [last["succeeded"], last["failed"], last["unknown"]]
    assert head["total"] == 200
    assert sorted(item["index"] for item in items) == list(range(200))
    assert sum(counts) == 200
    assert last["not_sent"] == {"deadline": last["failed"]}
    assert len(patient_core.requests) == 200 - last["failed"]
    assert last["status"] == 207


FAULTS: dict[str, Any] = {
    "ok": OK,
    "not_found": (send(answer(404, {"message": "no"})),),
    "rejected": (send(answer(422, {"message": "no", "errors": {"state": ["never"]}})),),
    "conflict": (send(answer(409, {"message": "no"})),),
    "core_busy": (send(answer(503)),),
    "core_error": (send(answer(500)),),
    "core_bad_answer": (send(answer(200, body=b"{")),),
    "core_broke_off": (reset(),),
}
APPLIED_NOTHING = {"not_found", "rejected", "conflict", "core_busy"}


def test_plain_answer_and_stream_say_the_same_of_each_item_and_what_the_core_did(
    gateway: Gateway, core: FakeCore, read: Read
) -> None:
    batch = dict(zip(ids(64), list(FAULTS) * 8, strict=True))
    for each, fault in batch.items():
        core.script(f"/actions/{each}", FAULTS[fault])

    plain = gateway.patch(*batch).json()
    reader = read(gateway.url, gateway.batch(*batch, Accept=LINES))
    _, *lines, last = reader.rest()

    told = {int(line["action"]["actionId"]): line["action"] for line in lines if "action" in line}
    failed = {int(line["error"]["actionId"]): line["error"] for line in lines if "error" in line}
    assert told == {int(one["actionId"]): one for one in plain["data"]}
    assert failed == {int(one["actionId"]): one for one in plain["errors"]}
    assert set(told) == {each for each, fault in batch.items() if fault == "ok"}
    assert {each: error["code"] for each, error in failed.items()} == {
        each: fault for each, fault in batch.items() if fault != "ok"
    }
    assert {error["outcome"] for error in failed.values() if error["code"] in APPLIED_NOTHING} == {"not_applied"}
    assert {error["outcome"] for error in failed.values() if error["code"] not in APPLIED_NOTHING} == {"unknown"}
    assert last == {"status": 207, "succeeded": 8, "failed": 32, "unknown": 24}
