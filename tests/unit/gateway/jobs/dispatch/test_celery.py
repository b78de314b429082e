"""Celery as it is set up, and the permits that become messages."""

from __future__ import annotations

from importlib import metadata

import pytest

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.jobs.dispatch import celery
from gateway.jobs.dispatch.celery import CeleryDispatch, Forwarder, unfit

NOBODY = "redis://127.0.0.1:9/0"


class Permits:
    """A store that holds permits alone."""

    def __init__(self, permits):
        self.held = permits

    def permits(self):
        return self.held

    def ring(self, permits):
        self.held += permits


class Messages:
    def __init__(self, waiting):
        self.waiting = waiting

    def depth(self):
        return self.waiting

    def ring(self, permits):
        self.waiting += permits


class Away(Messages):
    def ring(self, permits):
        raise StoreUnavailable("away")


@pytest.fixture
def settings():
    return CeleryDispatch(NOBODY, 1)._app.conf


def test_a_message_outlives_the_process_that_took_it(settings):
    assert (settings.task_acks_late, settings.task_reject_on_worker_lost) == (True, True)
    options = settings.broker_transport_options
    assert (options["visibility_timeout"], options["unacked_restore_interval"]) == (120, 5)
    assert options["unacked_restore_throttle"] == 1


def test_messages_are_apart_from_those_of_other_applications_and_jobs(settings):
    assert settings.broker_transport_options["global_keyprefix"] == "gateway:{job-messages}:"
    assert settings.task_default_queue == "gateway-jobs"


def test_nothing_but_json_is_read_and_no_result_is_kept(settings):
    assert (settings.accept_content, settings.task_serializer) == (["json"], "json")
    assert (settings.task_ignore_result, settings.result_backend) == (True, None)


def test_a_process_holds_one_message_and_hears_no_chatter(settings):
    assert settings.worker_prefetch_multiplier == 1
    assert (settings.worker_send_task_events, settings.worker_enable_remote_control) == (False, False)
    assert settings.worker_hijack_root_logger is False


def test_a_certificate_is_checked_where_the_url_does_not_say_otherwise():
    checked, said = (
        CeleryDispatch(url, 1)._app.conf.broker_use_ssl
        for url in ("rediss://h:1/0", "rediss://h:1/0?ssl_cert_reqs=none")
    )

    assert checked["ssl_cert_reqs"].name == "CERT_REQUIRED"
    assert said is None


@pytest.mark.parametrize("url", ["unix:///r.sock", "redis+sentinel://h:1/name", "redis://h:1/0?protocol=3"])
def test_a_broker_that_celery_cannot_follow_is_named_with_what_can_be_had(url):
    assert "GATEWAY_JOB_BROKER_URL" in unfit(url)


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://:secret@h:1/0?ssl_ca_certs=/ca.pem"])
def test_a_redis_by_its_address_will_do(url):
    assert unfit(url) == ""


@pytest.mark.parametrize("version", ["5.6.3", "6.0.0"])
def test_versions_that_lose_messages_are_refused(monkeypatch, version):
    monkeypatch.setattr(metadata, "version", lambda name: version if name == "kombu" else "5.7.0")

    assert unfit("redis://h:1/0") == f"kombu {version} loses messages; it must be at least 5.7, and less than 6"


def test_a_broker_that_is_away_is_a_store_that_cannot_be_had_and_the_reason_holds_no_password():
    dispatch = CeleryDispatch("redis://:secret@127.0.0.1:9/0", 1)

    for ask in (lambda: dispatch.ring(1), dispatch.depth):
        with pytest.raises(StoreUnavailable) as caught:
            ask()
        assert caught.value.reason.startswith("the broker cannot be had: ")
        assert "secret" not in caught.value.reason


def test_what_was_stopped_is_known_to_be():
    dispatch = CeleryDispatch(NOBODY, 1)
    assert not dispatch.is_stopping()

    dispatch.stop()

    assert dispatch.is_stopping()


@pytest.mark.parametrize(("permits", "waiting", "then"), [(1, 0, 1), (9, 1, 4), (2, 4, 4), (1, 7, 7), (0, 2, 2)])
def test_permits_of_the_store_become_messages_up_to_a_bound_and_no_permit_is_left(permits, waiting, then):
    store, messages = Permits(permits), Messages(waiting)

    Forwarder(store, messages, lambda: 4).turn()

    assert (store.held, messages.waiting) == (0, then)


def test_permits_stay_while_the_broker_is_away():
    store = Permits(2)

    with pytest.raises(StoreUnavailable):
        Forwarder(store, Away(0), lambda: 4).turn()

    assert store.held == 2


def test_its_settings_are_those_that_celery_knows():
    known = CeleryDispatch(NOBODY, 1)._app.conf

    assert [name for name in celery._SETTINGS if name not in known] == []
