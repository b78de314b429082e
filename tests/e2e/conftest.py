"""Real gunicorn, core and identity provider on loopback.

``stack`` is shared by the session and reset before each test; ``make_stack`` starts one of one's own.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.stack import Stack
from tests.e2e.clauses import BATCH, JSON
from tests.e2e.stack import BULK, CoreView, Partner
from tests.faults.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# What the gateway remembers of one test must not change the next: its circuit and its retry budget stay out of the way.
FORGETFUL = {
    "CIRCUIT_ENABLED": "false",
    "RETRY_BUDGET": "1",
    "RETRY_BUDGET_FLOOR": "1000",
    "STATUS_PAGE": "true",
}


# What makes the server read no head the short way, and changes nothing else but for methods in small letters.
PARSED = "--casefold-http-method"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of a module that says ``HEADS_ARE_READ_BOTH_WAYS`` run over both readers of heads."""
    if getattr(metafunc.module, "HEADS_ARE_READ_BOTH_WAYS", False) and "shared_stack" in metafunc.fixturenames:
        metafunc.parametrize("shared_stack", ["", PARSED], indirect=True, ids=["short", "parsed"], scope="session")


@pytest.fixture(scope="session")
def shared_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as surroundings:
        if options := getattr(request, "param", ""):
            surroundings.setenv("GUNICORN_CMD_ARGS", options)
        with Stack(FORGETFUL) as stack:
            yield stack


@pytest.fixture
def stack(shared_stack: Stack) -> Stack:
    shared_stack.core.control("POST", "reset")
    shared_stack.identity.control("POST", "reset")
    return shared_stack


@pytest.fixture
def partner(stack: Stack) -> Partner:
    return Partner(stack)


@pytest.fixture
def core(stack: Stack) -> CoreView:
    return CoreView(stack)


@pytest.fixture
def make_stack() -> Iterator[Callable[..., Stack]]:
    """``make_stack({"BATCH_DEADLINE": "2"}, core=["--latency-ms", "20"])``: up until the test ends."""
    with ExitStack() as running:

        def make(settings: dict[str, str] | None = None, **options: Any) -> Stack:
            return running.enter_context(Stack(settings, **options))

        yield make


@pytest.fixture(scope="module")
def token(shared_stack):
    return shared_stack.token()


@pytest.fixture
def client(stack):
    with Client(stack.gateway.url) as connected:
        yield connected


@pytest.fixture
def ask(client, token):
    """Sends one request and gives the answer; a header of None is left out."""

    def ask(method="PATCH", target=BULK, body=BATCH, version="1.1", extra="", **headers):
        usual = {
            "Host": "gateway.test",
            "Authorization": f"Bearer {token}",
            "Content-Type": JSON,
            "Content-Length": str(len(body)),
        }
        given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
        return client.send(f"{method} {target} HTTP/{version}\r\n{lines}{extra}\r\n".encode("latin-1") + body).read()

    return ask
