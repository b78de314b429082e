"""The metrics show what the checks of readiness found, and run them seldom and never in between."""

from __future__ import annotations

from gateway.wiring.readiness import Readiness
from tests.doubles.clocks import FakeClock


class Checks:
    """Checks that say what they are told to, and count."""

    def __init__(self) -> None:
        self.core = {"ready": False, "reason": "unreachable"}
        self.runs = 0

    def look(self) -> dict:
        self.runs += 1
        return self.core


def readiness(checks: Checks, clock: FakeClock, looks: list) -> Readiness:
    quiet = {"keycloak": lambda: {"ready": True}, "api_keys": lambda: {"ready": True, "reason": "no such file"}}
    return Readiness({"core": checks.look, **quiet}, clock=clock, run=looks.append)


def test_what_was_found_is_told_without_waiting_for_a_look() -> None:
    looks: list = []
    asked = readiness(Checks(), FakeClock(), looks)
    assert asked.found() == {}

    looks.pop()()

    assert asked.found() == {"core": False, "keycloak": True, "api_keys": False}


def test_it_is_looked_again_after_ten_seconds_and_not_before() -> None:
    checks, clock, looks = Checks(), FakeClock(), []
    asked = readiness(checks, clock, looks)
    for _ in range(3):
        asked.found()
        clock.advance(4)
    assert len(looks) == 1
    looks.pop()()
    checks.core = {"ready": True}

    asked.found()
    looks.pop()()

    assert asked.found()["core"] is True
    assert checks.runs == 2


def test_a_check_that_fails_keeps_what_was_found_before(caplog) -> None:
    checks, clock, looks = Checks(), FakeClock(), []
    asked = readiness(checks, clock, looks)
    asked.found()
    looks.pop()()
    checks.core = {}
    clock.advance(11)
    asked.found()
    looks.pop()()

    assert asked.found()["core"] is False
    assert caplog.messages == ["readiness_look_failed"]
