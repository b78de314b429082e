"""A core that says in each 200 how it is: its health is told by what the answers say."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from sandbox.stack import Stack
from tests.e2e.stack import CoreView, Partner
from tests.faults.house import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack({"RETRY_ATTEMPTS": "1", "CIRCUIT_OPEN": "0.5"}, dialect="rpc") as stack:
        yield stack


@pytest.mark.parametrize(("fault", "reason"), [("503", "busy"), ("500", "5xx")])
def test_a_core_that_says_in_each_200_that_it_cannot_is_left_alone(stack: Stack, fault: str, reason: str):
    core, partner = CoreView(stack), Partner(stack)
    items = [{"actionId": str(number), "status": "done"} for number in range(19_000, 19_050)]

    def ready() -> dict[str, str]:
        checked: dict[str, str] = partner.call("GET", "/readyz").json()["checks"]["core"]
        return checked

    def is_open() -> bool:
        partner.patch(*items)
        return ready()["circuit"] == "open"

    def is_closed() -> bool:
        return partner.patch(*items).status == HTTPStatus.OK and ready()["circuit"] == "closed"

    core.weather(faults=[fault])
    eventually(is_open, 30.0)
    assert ready()["reason"] == reason

    core.weather()
    eventually(is_closed, 30.0)
