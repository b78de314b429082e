"""What fails in a worker outside any request is told like everything else."""

from __future__ import annotations

import logging

import gevent
import pytest

from gateway.serving.worker import log_failed_greenlets


@pytest.fixture
def hub(monkeypatch):
    """The hub of this thread, its way to report put back after the test."""
    hub = gevent.get_hub()
    monkeypatch.setattr(hub, "print_exception", hub.print_exception)
    return hub


def _fail(_argument):
    raise ValueError("out of order")


def test_a_failed_greenlet_is_one_event_with_its_traceback_and_nothing_on_stderr(hub, caplog, capfd):
    log_failed_greenlets()
    gevent.spawn(_fail, "secret").join()

    [record] = caplog.records
    assert (record.name, record.levelno, record.message) == ("gateway.serving.worker", logging.ERROR, "greenlet_failed")
    assert "ValueError: out of order" in caplog.text
    assert "secret" not in caplog.text
    assert capfd.readouterr().err == ""


def test_a_failed_callback_of_the_loop_is_told_too(hub, caplog, capfd):
    log_failed_greenlets()
    hub.loop.run_callback(_fail, "secret")
    gevent.sleep(0)

    assert [record.message for record in caplog.records] == ["greenlet_failed"]
    assert capfd.readouterr().err == ""


def test_a_greenlet_that_is_killed_is_no_event(hub, caplog):
    log_failed_greenlets()
    greenlet = gevent.spawn(gevent.sleep, 60)
    gevent.sleep(0)
    greenlet.kill()

    assert caplog.records == []
