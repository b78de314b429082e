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
    return worker_plan(settings.service, settings.budgets, lambda _seconds: None, LoopTurns(), int)


def test_a_batch_that_is_sending_as_the_worker_stops_may_take_all_of_its_time():
    ending = plan(BATCH_DEADLINE="25").ending

    assert ending.grace > 25
    assert (ending.delay, ending.grace, ending.total) == (1.0, 33.0, 40.0)


def test_what_is_cut_leaves_time_for_calls_in_flight_and_the_answer():
    ending = plan(CORE_TIMEOUT="3").ending

    assert ending.total - ending.grace == 5.0
    assert ending.quick == 5.0


def test_a_longer_delay_makes_the_stop_longer_and_the_batches_no_shorter():
    assert plan(DRAIN_DELAY="11").ending.grace == plan().ending.grace + 10


def test_a_delay_longer_than_the_whole_stop_is_refused():
    with pytest.raises(SettingsError, match="GATEWAY_GRACEFUL_TIMEOUT: must be larger than GATEWAY_DRAIN_DELAY"):
        plan(GRACEFUL_TIMEOUT="50", DRAIN_DELAY="60")


def test_clients_are_waited_for_as_the_settings_say():
    patience = plan(CLIENT_KEEPALIVE="1", HEADER_TIMEOUT="2", BODY_TIMEOUT="3", ANSWER_TIMEOUT="4").patience

    assert (patience.idle, patience.head, patience.body, patience.answer) == (1.0, 2.0, 3.0, 4.0)
