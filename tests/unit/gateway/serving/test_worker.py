"""What fails in a worker outside any request is told like everything else."""

from __future__ import annotations

import logging
import socket

import gevent
import pytest

from gateway.serving import streamed
from gateway.serving.worker import GatewayWorker, log_failed_greenlets


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


@pytest.fixture
def connection():
    """A client's connection, as the worker has it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            yield accepted


@pytest.mark.skipif(not hasattr(socket, "TCP_CORK"), reason="this system holds nothing back")
@pytest.mark.parametrize(("is_streamed", "held_back"), [(True, 0), (False, 1)])
def test_an_answer_is_held_back_until_it_is_whole_unless_it_is_streamed(connection, is_streamed, held_back):
    worker = GatewayWorker.__new__(GatewayWorker)

    def application(environ, _start_response):
        if is_streamed:
            streamed.mark(environ)
        return [b"{}"]

    worker._application = application
    worker._answer({"gunicorn.socket": connection}, lambda *_: None)

    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK) == held_back
