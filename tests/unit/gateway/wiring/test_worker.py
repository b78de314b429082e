"""How long a worker waits for clients, and for its own end, follows from the settings."""

from __future__ import annotations

import pytest

from gateway.serving.loop_turns import LoopTurns
from gateway.settings import SettingsError, load
from gateway.wiring.worker import worker_plan

ENVIRON = {
    "GATEWAY_CORE_URL": "http://core.test",
    "GATEWAY_KEYCLOAK_URL": "http://keycloak.test",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
}


def plan(**environ):
    given = {f"GATEWAY_{name}": value for name, value in environ.items()}
    settings = load({**ENVIRON, **given})
    return worker_plan(
        settings.service, settings.budgets, lambda _seconds: None, LoopTurns(), int, bool, lambda _ended: None
    )


def test_a_batch_that_is_sending_as_the_worker_stops_may_take_all_of_its_time():
    stop = plan(BATCH_DEADLINE="25").stop

    assert stop.grace > 25
    assert (stop.delay, stop.grace, stop.total) == (1.0, 33.0, 40.0)


def test_what_is_cut_leaves_time_for_calls_in_flight_and_the_answer():
    stop = plan(CORE_TIMEOUT="3").stop

    assert stop.total - stop.grace == 5.0
    assert stop.quick == 5.0


def test_a_longer_delay_makes_the_stop_longer_and_the_batches_no_shorter():
    assert plan(DRAIN_DELAY="11").stop.grace == plan().stop.grace + 10


def test_a_delay_longer_than_the_whole_stop_is_refused():
    with pytest.raises(SettingsError, match="GATEWAY_GRACEFUL_TIMEOUT: must be larger than GATEWAY_DRAIN_DELAY"):
        plan(GRACEFUL_TIMEOUT="50", DRAIN_DELAY="60")


def test_clients_are_waited_for_as_the_settings_say():
    timeouts = plan(CLIENT_KEEPALIVE="1", HEADER_TIMEOUT="2", BODY_TIMEOUT="3", ANSWER_TIMEOUT="4").timeouts

    assert (timeouts.idle, timeouts.head, timeouts.body, timeouts.answer) == (1.0, 2.0, 3.0, 4.0)
