"""What readiness says of the store of idempotency records."""

from __future__ import annotations

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.wiring.stores import StoreLook
from tests.unit.gateway.admission.clocks import FakeClock


def test_a_store_that_cannot_be_had_is_told_and_takes_no_instance_out() -> None:
    look = StoreLook(lambda: StoreUnavailable("EACCES (Permission denied)"), FakeClock())

    assert look.check() == {"ready": True, "reason": "EACCES (Permission denied)"}


def test_the_store_is_looked_at_once_in_two_seconds_however_often_it_is_asked_for() -> None:
    clock, looks = FakeClock(), []
    look = StoreLook(lambda: looks.append("look"), clock)

    assert [look.check() for _ in range(3)] == [{"ready": True}] * 3
    assert len(looks) == 1
    clock.advance(2.1)
    look.check()
    assert len(looks) == 2
