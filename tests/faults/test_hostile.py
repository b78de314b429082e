"""Beside a client that does its worst on real sockets, the others are served and no worker dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.fake_core import FakeCore
from tests.faults.hostile import CORE, HOSTILE, SETTINGS, measure
from tests.faults.house import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.client import Answer
    from tests.faults.house import Home

pytestmark = pytest.mark.e2e
CHUNKED = "Transfer-Encoding: chunked\r\n"
# Long enough to be caught in a loop that is held: what is asked is only that each is answered at last.
SECONDS = 2.0


@pytest.fixture(scope="module")
def busy(home: Home) -> Iterator[Gateway]:
    with FakeCore(default=CORE) as core, Gateway(home, core.url, SETTINGS) as gateway:
        yield gateway


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_others_are_served_beside_it_and_no_worker_dies(busy: Gateway, name: str) -> None:
    waits = measure(name, busy, SECONDS)

    assert set(waits.answers) == {"200"}
    assert waits.replaced == 0


def chunked(gateway: Gateway, body: bytes) -> bytes:
    return gateway.request(body, framing=CHUNKED, Content_Length=None)


def in_chunks(data: bytes, size: int, extension: bytes = b"") -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [in_chunks(b" " * 20_000, 1), in_chunks(b" " * 20_000, 100, b";x=" + b"y" * 197)],
    ids=["one-byte", "long-extensions"],
)
def test_chunks_whose_framing_outweighs_the_body_are_refused_with_what_is_allowed(
    gateway: Gateway, core: FakeCore, body: bytes
) -> None:
    answer: Answer = gateway.exchange(chunked(gateway, body))

    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert answer.json()["detail"] == (
        "The chunks of the body are too small: beyond 16,384 bytes, sizes and extensions may take a quarter of the body. "
        "Send chunks of 24 bytes or more on average, or Content-Length."
    )
    assert core.requests == []


@pytest.mark.parametrize("size", [1, 24, 60_000])
def test_a_batch_in_chunks_that_are_few_or_large_enough_is_run(gateway: Gateway, size: int) -> None:
    padding = b" " * (2_000 if size == 1 else 50_000)
    whole = b'{"data":[{"actionId":"19000","status":"done"}]}' + padding

    assert gateway.exchange(chunked(gateway, in_chunks(whole, size))).status == 200


def test_requests_in_a_long_pipeline_are_all_answered_in_order(gateway: Gateway) -> None:
    asked = [404 if number % 3 else 200 for number in range(300)]
    paths = {200: b"/livez", 404: b"/nowhere"}
    with gateway.dial() as client:
        client.send(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % paths[status] for status in asked))

        assert [client.read().status for _ in asked] == asked
