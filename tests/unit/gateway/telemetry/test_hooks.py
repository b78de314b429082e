from __future__ import annotations

import logging

import pytest

from gateway.telemetry.hooks import FanOut, Silent
from tests.doubles.telemetry import Broken, Recording, a_batch, a_request


def test_every_hook_hears_of_every_event() -> None:
    first, second = Recording(), Recording()
    request, batch = a_request(), a_batch()

    telemetry = FanOut([first, second])
    telemetry.batch_ended(batch)
    telemetry.request_ended(request)

    assert first.heard == second.heard == [batch, request]


@pytest.mark.parametrize("event", ["request_ended", "batch_ended"])
def test_a_hook_that_fails_is_logged_and_costs_nobody_else_anything(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    healthy = Recording()

    getattr(FanOut([Broken(), healthy]), event)("details")

    assert healthy.heard == ["details"]
    assert [(record.message, vars(record)["hook"]) for record in caplog.records] == [
        ("telemetry_hook_failed", "Broken")
    ]


def test_the_silent_twin_takes_every_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    Silent().request_ended(a_request())
    Silent().batch_ended(a_batch())

    assert not caplog.records
