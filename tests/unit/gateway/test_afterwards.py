"""What is to be done when an answer has left is done then, and in any case."""

from __future__ import annotations

import gc
import weakref

import pytest

from gateway.afterwards import do_afterwards
from gateway.serving.answer import Dates, ServerAnswer
from tests.unit.gateway.serving.test_answer import Client, Parts, Request


class ClosedClient(Client):
    """Its peer has left."""

    def send(self, data: bytes) -> int:
        raise ConnectionResetError


class Application:
    """Notes what happens in which order."""

    def __init__(self, client: Client, parts) -> None:
        self.events: list[str] = []
        self._client = client
        self._parts = parts

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        do_afterwards(environ, lambda: self._note("first"))
        do_afterwards(environ, lambda: self._note("second"))
        return self._parts

    def _note(self, name: str) -> None:
        pieces = len(self._client.pieces)
        closed = ", closed" if getattr(self._parts, "is_closed", False) else ""
        self.events.append(f"{name} after {pieces}{closed}")


def answered(client: Client, parts) -> Application:
    application = Application(client, parts)
    ServerAnswer(Request("GET", (1, 1)), client, None, Dates(lambda: 0.5)).send(application, {})
    return application


def test_it_is_done_in_its_order_when_the_bytes_have_left():
    assert answered(Client(), [b"hello"]).events == ["first after 1", "second after 1"]


def test_it_is_done_when_an_answer_in_parts_was_closed():
    assert answered(Client(), Parts(b"he", b"llo")).events == ["first after 2, closed", "second after 2, closed"]


@pytest.mark.parametrize("parts", [[b"hello"], Parts(b"he", b"llo")], ids=["whole", "in parts"])
def test_it_is_done_where_the_client_left(parts):
    client = ClosedClient()
    application = Application(client, parts)

    with pytest.raises(ConnectionResetError):
        ServerAnswer(Request("GET", (1, 1)), client, None, Dates(lambda: 0.5)).send(application, {})

    assert [event.partition(" ")[0] for event in application.events] == ["first", "second"]


def test_it_is_done_where_the_answer_breaks():
    client = Client()
    application = Application(client, Parts(b"he", fault=ValueError("broke")))

    with pytest.raises(ValueError, match="broke"):
        ServerAnswer(Request("GET", (1, 1)), client, None, Dates(lambda: 0.5)).send(application, {})

    assert application.events == ["first after 1, closed", "second after 1, closed"]


class Held:
    """What a request holds, such as its body."""


def test_what_a_request_held_is_free_when_its_answer_has_left_without_the_collector():
    environ: dict[str, object] = {"held": Held()}
    held = weakref.ref(environ["held"])

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        do_afterwards(environ, lambda: environ)
        return [b"hello"]

    gc.disable()
    try:
        ServerAnswer(Request("GET", (1, 1)), Client(), None, Dates(lambda: 0.5)).send(application, environ)
        del environ
        assert held() is None
    finally:
        gc.enable()


def test_a_server_that_promises_nothing_has_it_done_at_once():
    done: list[str] = []

    do_afterwards({}, lambda: done.append("done"))

    assert done == ["done"]
