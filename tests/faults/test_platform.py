"""The machine beneath fails (``faults.md`` 5.4, and names in 5.1): descriptors, disks, logs, clocks, names, Redis."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.doubles.fake_core import FakeCore, action, wait
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.faults.house import Gateway, eventually, new_ids, outcomes, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psutil

    MakeGateway = Callable[..., Gateway]

pytestmark = pytest.mark.e2e
INJECTIONS = str(Path(__file__).with_name("injections"))
SLACK = 2.0
_PULSE_SECONDS = 1.1


def ids(count: int) -> list[int]:
    return [next(new_ids) for _ in range(count)]


def _lowest_free(worker: psutil.Process) -> int:
    taken = {int(name) for name in os.listdir(f"/proc/{worker.pid}/fd")}  # noqa: PTH208 -- names are wanted, not paths
    return min(set(range(len(taken) + 1)) - taken)


@contextlib.contextmanager
def no_descriptors(worker: psutil.Process) -> Iterator[None]:
    """Whatever the worker opens gets the lowest number that is free; that is now beyond its limit."""
    # A client that is about to be seen to have left would leave its number.
    eventually(lambda: {"LISTEN", "ESTABLISHED"}.issuperset(conn.status for conn in worker.net_connections("tcp")))
    usual, ends_at = worker.rlimit(resource.RLIMIT_NOFILE), time.monotonic() + _PULSE_SECONDS
    lowest = _lowest_free(worker)
    # Its pulse holds a file for a moment each second, whose number would be free afterwards.
    while time.monotonic() < ends_at:
        lowest = min(lowest, _lowest_free(worker))
        time.sleep(0.01)
    worker.rlimit(resource.RLIMIT_NOFILE, (lowest, usual[1]))
    try:
        yield
    finally:
        worker.rlimit(resource.RLIMIT_NOFILE, usual)


def test_out_of_descriptors_it_says_so_item_by_item_and_recovers(make_gateway: MakeGateway, core: FakeCore) -> None:
    gateway, batch = make_gateway(core.url), ids(20)
    core.default = (wait(0.05), action())
    with gateway.dial() as client:
        client.send(gateway.batch(*ids(1))).read()
        with no_descriptors(gateway.workers()[0]):
            squeezed = client.send(gateway.batch(*batch)).read()

    assert len(succeeded(squeezed)) + len(outcomes(squeezed)) == 20
    assert set(outcomes(squeezed).values()) == {("core_unreachable", "not_sent")}
    assert len(core.requests) == 1 + len(succeeded(squeezed))
    assert gateway.patch(*ids(5)).status == 200


def test_with_no_descriptor_for_a_new_client_it_waits_and_does_not_spin(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    gateway = make_gateway(core.url)
    (worker,) = gateway.workers()
    request = gateway.batch(*ids(1))
    with contextlib.ExitStack() as stack:
        with no_descriptors(worker):
            client = stack.enter_context(gateway.dial()).send(request)
            spent = worker.cpu_times().user
            assert not client.has_ended(1.0)
            assert worker.cpu_times().user - spent < 0.5

        assert client.read().status == 200


@pytest.fixture
def piped(home, core: FakeCore) -> Iterator[tuple[Gateway, int]]:
    """A gateway that logs into a pipe, and the end that reads it."""
    gateway = Gateway(home, core.url, {"LOG_FORMAT": "json"})
    os.mkfifo(gateway.gateway.log)
    reader = os.open(gateway.gateway.log, os.O_RDONLY | os.O_NONBLOCK)
    with gateway:
        yield gateway, reader


def test_a_log_pipe_that_was_closed_stops_no_request(piped: tuple[Gateway, int]) -> None:
    gateway, reader = piped
    os.close(reader)

    assert [gateway.patch(*ids(3)).status for _ in range(5)] == [200] * 5


def test_a_log_pipe_that_nobody_reads_stops_no_request(piped: tuple[Gateway, int], core: FakeCore) -> None:
    gateway, reader = piped

    # Each batch logs more than a kilobyte; a pipe holds 64 of them.
    answers = [gateway.patch(*ids(3), X_Request_ID="x" * 120).status for _ in range(200)]

    assert answers == [200] * 200
    assert gateway.get("/livez").status == 200
    os.close(reader)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte."""
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", tmp_path]).returncode:
        pytest.skip("a file system of its own takes root")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_refuses_keyed_batches_and_serves_the_others(
    make_gateway: MakeGateway, core: FakeCore, small_disk: Path
) -> None:
    gateway = make_gateway(core.url, STATE_DIR=str(small_disk / "state"), METRICS="off")
    assert gateway.patch(*ids(2), Idempotency_Key="before").status == 200
    filler = _fill(small_disk)

    keyed = gateway.patch(*ids(200), Idempotency_Key="full")
    assert (keyed.status, keyed.headers["retry-after"]) == (503, "1")
    assert len(core.requests) == 2
    assert gateway.patch(*ids(200)).status == 200
    assert gateway.told("idempotency_store_down") == 1

    filler.unlink()
    assert eventually(lambda: gateway.patch(*ids(2), Idempotency_Key="after").status == 200)


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as full, contextlib.suppress(OSError):
        while full.write(b"x" * 65_536):
            pass
    return filler


def test_a_full_disk_of_the_audit_trail_is_counted_and_told_and_every_batch_is_answered(
    make_gateway: MakeGateway, core: FakeCore, small_disk: Path
) -> None:
    trail = small_disk / "audit.jsonl"
    gateway = make_gateway(core.url, AUDIT="all", AUDIT_FILE=str(trail))
    filler = _fill(small_disk)

    assert [gateway.patch(*ids(500)).status for _ in range(3)] == [200] * 3
    assert gateway.told("audit_unavailable") == 1
    assert eventually(lambda: _metric(gateway, "gateway_audit_unavailable") == 1)
    filler.unlink()
    assert eventually(lambda: trail.read_bytes().count(b"\n") == 3)
    assert gateway.told("audit_available") == 1
    assert _metric(gateway, "gateway_audit_unavailable") == 0
    assert _metric(gateway, "gateway_audit_lost_lines_total") == 0

    _fill(small_disk)
    assert [gateway.patch(*ids(500)).status for _ in range(3)] == [200] * 3
    assert eventually(lambda: _metric(gateway, "gateway_audit_unavailable") == 1)
    gateway.master().send_signal(signal.SIGHUP)

    assert gateway.told("audit_lines_lost") == 1
    assert eventually(lambda: _metric(gateway, "gateway_audit_lost_lines_total") == 3)
    assert trail.read_bytes().count(b"\n") == 3


def _metric(gateway: Gateway, name: str) -> float:
    lines = gateway.get("/metrics").body.decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_a_wall_clock_that_jumps_changes_what_a_token_is_worth_and_nothing_else(
    make_gateway: MakeGateway, core: FakeCore, tmp_path: Path
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    gateway = make_gateway(core.url, {"PYTHONPATH": INJECTIONS, "FAULT_CLOCK": str(offset)})
    core.default = (wait(0.02), action())
    assert gateway.patch(*ids(2), Idempotency_Key="jump").status == 200
    eventually(lambda: gateway.get("/readyz").status == 200)

    offset.write_text("3600")
    ahead = gateway.patch(*ids(2))
    assert (ahead.status, ahead.headers["www-authenticate"].split(",")[-1].strip()) == (401, 'error="invalid_token"')
    offset.write_text("-3600")
    assert gateway.patch(*ids(2), Authorization=f"Bearer {gateway.token()}").status == 401

    offset.write_text("0")
    assert gateway.get("/readyz").status == 200
    began = time.monotonic()
    assert gateway.patch(*ids(50)).status == 200
    assert time.monotonic() - began < SLACK


def test_a_jump_amid_a_batch_neither_ends_nor_prolongs_it(
    make_gateway: MakeGateway, core: FakeCore, tmp_path: Path
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    gateway = make_gateway(
        core.url,
        {"PYTHONPATH": INJECTIONS, "FAULT_CLOCK": str(offset)},
        BATCH_CONCURRENCY="2",
        BATCH_DEADLINE="1",
        ITEM_DEADLINE="1",
    )
    core.default = (wait(0.1), action())
    began = time.monotonic()
    with gateway.dial() as client:
        client.send(gateway.batch(*ids(100)))
        for number, jump in enumerate(("3600", "-3600")):
            eventually(lambda seen=4 * number: len(core.requests) > seen)
            offset.write_text(jump)
        answer = client.read()

    assert answer.status == 207
    assert 0.9 < time.monotonic() - began < 1.0 + SLACK
    assert {code for code, _ in outcomes(answer).values()} <= {"deadline", "core_timeout"}


@pytest.fixture
def names(tmp_path: Path) -> Path:
    return tmp_path / "names"


@pytest.fixture
def named(make_gateway: MakeGateway, core: FakeCore, names: Path) -> Callable[[str], Gateway]:
    """A gateway whose core is at ``core.test``, with what the resolver says of that to begin with."""

    def start(said: str) -> Gateway:
        names.write_text(said)
        return make_gateway(f"http://core.test:{core.port}/core", {"PYTHONPATH": INJECTIONS, "FAULT_DNS": str(names)})

    return start


def test_a_name_that_does_not_resolve_is_an_unreachable_core(named: Callable[[str], Gateway], names: Path) -> None:
    gateway, batch = named("unknown"), ids(5)
    began = time.monotonic()
    reply = gateway.patch(*batch)

    assert reply.status == 503
    assert outcomes(reply) == {str(i): ("core_unreachable", "not_sent") for i in batch}
    assert time.monotonic() - began < SLACK

    names.write_text("127.0.0.1")
    assert eventually(lambda: gateway.patch(*ids(5)).status == 200)


def test_a_resolver_that_hangs_holds_nobody_beyond_the_time_to_connect(
    named: Callable[[str], Gateway], core: FakeCore
) -> None:
    gateway, batch = named("hang"), ids(5)
    began = time.monotonic()
    reply = gateway.patch(*batch)

    assert outcomes(reply) == {str(i): ("core_unreachable", "not_sent") for i in batch}
    assert time.monotonic() - began < 3 * 0.3 + SLACK
    assert gateway.get("/livez").status == 200
    assert core.requests == []


def test_a_resolver_that_hangs_later_is_not_noticed(named: Callable[[str], Gateway], names: Path) -> None:
    gateway = named("127.0.0.1")
    gateway.patch(*ids(2))
    names.write_text("hang")

    assert [gateway.patch(*ids(5)).status for _ in range(3)] == [200] * 3


def test_a_core_that_moved_is_found_at_its_new_address(named: Callable[[str], Gateway], names: Path) -> None:
    gateway = named("127.0.0.2")
    assert gateway.patch(*ids(2)).status == 503

    names.write_text("127.0.0.1")

    assert eventually(lambda: gateway.patch(*ids(2)).status == 200)


@pytest.mark.skipif(BINARY is None, reason=MISSING)
def test_without_redis_keyed_batches_are_refused_and_the_others_served(
    make_gateway: MakeGateway, core: FakeCore, tmp_path: Path
) -> None:
    redis = RedisServer(tmp_path)
    gateway = make_gateway(core.url, REDIS_URL=redis.url, RATE_LIMIT="100000/hour")
    began = time.monotonic()
    assert gateway.patch(*ids(2), Idempotency_Key="down").status == 503
    assert gateway.patch(*ids(2), Idempotency_Key="down").status == 503
    assert gateway.patch(*ids(2)).status == 200
    assert len(core.requests) == 2
    assert gateway.told("idempotency_store_down") == 1
    assert "\ngateway_idempotency_refused_total 2.0\n" in gateway.get("/metrics").body.decode()

    redis.start()
    try:
        assert eventually(lambda: gateway.patch(*ids(2), Idempotency_Key="up").status == 200)
        assert gateway.told("idempotency_store_back") == 1
        redis.freeze()
        began = time.monotonic()
        assert gateway.patch(*ids(2), Idempotency_Key="frozen").status == 503
        assert gateway.patch(*ids(2)).status == 200
        assert time.monotonic() - began < 1.0 + SLACK
        redis.thaw()
        assert eventually(lambda: gateway.patch(*ids(2), Idempotency_Key="thawed").status == 200)
    finally:
        redis.stop()
