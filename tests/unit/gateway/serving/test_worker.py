"""What fails in a worker, outside any request or amid an answer, is told like everything else."""

from __future__ import annotations

import logging

import gevent
import pytest
from gunicorn.config import Config

from gateway.serving.environ import Environs
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


def answer_of(pair, application) -> bytes:
    """What a client gets until its connection ends."""
    worker = GatewayWorker(0, 0, [], None, 0, Config(), None)
    worker.tmp.close()
    worker.wsgi = application
    request = pair.says(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    with pytest.raises(StopIteration):
        worker.handle_request(Environs(pair.server, ("127.0.0.1", 1), ("127.0.0.1", 80)), request, pair.server)
    return b"".join(iter(lambda: pair.client.recv(65_536), b""))


def test_an_answer_that_breaks_after_its_head_ends_the_connection_without_its_end(pair, caplog):
    def application(_environ, start_response):
        start_response("200 OK", [])
        yield b"one"
        raise ValueError("out of order")

    assert answer_of(pair, application).partition(b"\r\n\r\n")[2] == b"3\r\none\r\n"
    assert [(record.name, record.message) for record in caplog.records] == [("gateway.serving.worker", "answer_broken")]
    assert "ValueError: out of order" in caplog.text
