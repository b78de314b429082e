"""What becomes of an item whose call meets a fault of the core (``faults.md`` 5.1), and how often the core was called.

One batch meets all the faults at once, each on an action of its own, with healthy items between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.doubles.broken_answers import BREAKS, DELAYS, HEAD, NONSENSE
from tests.doubles.fake_core import FakeCore, action, answer, close, drip, send
from tests.faults.house import Gateway, new_ids, outcomes, succeeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.web import Reply
    from tests.doubles.fake_core import Seen, Step

pytestmark = pytest.mark.e2e
ATTEMPTS = 3
SCHEMA = {"data": {"id": 1}}


class Fault(NamedTuple):
    """A script of the core, the item error it leads to, and how often the core is called where keys are not honoured."""

    script: tuple[Step, ...]
    code: str
    outcome: str = "unknown"
    calls: int = 1


def says(status: int, code: str, outcome: str, calls: int = 1, headers: str = "") -> Fault:
    return Fault((send(answer(status, {"message": "so"}, headers=headers)),), code, outcome, calls)


def shows(body: bytes, headers: str = "") -> Fault:
    return Fault((send(answer(200, body=body, headers=headers)),), "core_bad_answer")


FAULTS: Mapping[str, Fault] = {
    **{name: Fault(script, "core_broke_off") for name, script in BREAKS.items()},
    **{name: Fault(script, "core_bad_answer") for name, script in NONSENSE.items()},
    **{name: Fault(script, "core_timeout") for name, script in DELAYS.items()},
    "an answer at 8 kbit/s": Fault(
        (send(HEAD + b"Content-Length: 100000\r\n\r\n"), drip(b"x" * 5000, 0.001)), "core_timeout"
    ),
    "cut json without a length": Fault(
        (send(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"data":{"id":1,'), close()),
        "core_bad_answer",
    ),
    "a login page": shows(b"<html>Log in</html>", "Content-Type: text/html\r\n"),
    "a list": shows(b"[1]"),
    "a number": shows(b"7"),
    "null": shows(b"null"),
    "an empty object": shows(b"{}"),
    "not json": shows(b'{"data": {"id": 1,'),
    "another action": shows(b'{"data":{"id":1}}'),
    "an encoding that nobody asked for": shows(b"x", "Content-Encoding: br\r\n"),
    "400": says(400, "rejected", "not_applied"),
    "401": says(401, "core_misconfigured", "not_applied"),
    "403": says(403, "core_misconfigured", "not_applied"),
    "404": says(404, "not_found", "not_applied"),
    "407": says(407, "core_misconfigured", "not_applied"),
    "408": says(408, "core_busy", "not_applied", ATTEMPTS),
    "409": says(409, "conflict", "not_applied"),
    "412": says(412, "rejected", "not_applied"),
    "413": says(413, "rejected", "not_applied"),
    "421": says(421, "core_busy", "not_applied", ATTEMPTS),
    "422": says(422, "rejected", "not_applied"),
    "423": says(423, "core_busy", "not_applied", ATTEMPTS),
    "425": says(425, "core_busy", "not_applied", ATTEMPTS),
    "429": says(429, "core_busy", "not_applied", ATTEMPTS),
    "429 and an hour to wait": says(429, "core_busy", "not_applied", 1, "Retry-After: 3600\r\n"),
    "429 and a wait that is no time": says(429, "core_busy", "not_applied", ATTEMPTS, "Retry-After: soon\r\n"),
    "429 and a negative wait": says(429, "core_busy", "not_applied", ATTEMPTS, "Retry-After: -5\r\n"),
    "503": says(503, "core_busy", "not_applied", ATTEMPTS),
    "500": says(500, "core_error", "unknown"),
    "502": says(502, "core_error", "unknown"),
    "504": says(504, "core_error", "unknown"),
}
REDIRECTS = (301, 302, 303, 307, 308)


class Run(NamedTuple):
    """What one batch of all faults came to."""

    reply: Reply
    ids: dict[str, int]
    healthy: list[int]
    seen: dict[int, list[Seen]]
    elsewhere: int


@pytest.fixture(scope="module")
def run(shared_gateway: Gateway, shared_core: FakeCore) -> Run:
    shared_core.forget()
    return run_all(shared_gateway, shared_core, lambda script: (script,))


@pytest.fixture(scope="module")
def second_chance(shared_honouring: Gateway, shared_core: FakeCore) -> Run:
    """Each fault comes once, at a core that honours keys."""
    shared_core.forget()
    return run_all(shared_honouring, shared_core, lambda script: (script, (action(),)))


def run_all(gateway: Gateway, core: FakeCore, scripts) -> Run:
    with FakeCore() as elsewhere:
        moved = {str(s): Fault((send(answer(s, headers=f"Location: {elsewhere.url}\r\n")),), "") for s in REDIRECTS}
        faults = {**FAULTS, **moved}
        ids = {name: next(new_ids) for name in faults}
        healthy = [next(new_ids) for _ in faults]
        for name, fault in faults.items():
            core.script(f"/actions/{ids[name]}", *scripts(fault.script))
        mixed = [i for pair in zip(ids.values(), healthy, strict=True) for i in pair]
        reply = gateway.patch(*mixed)
        seen = {i: core.seen(f"/actions/{i}") for i in mixed}
        return Run(reply, ids, healthy, seen, elsewhere.connections)


def test_every_item_has_exactly_one_result_in_the_order_of_the_batch(run: Run) -> None:
    errors = run.reply.json()["errors"]

    assert run.reply.status == 207
    assert succeeded(run.reply) == [str(i) for i in run.healthy]
    assert [error["actionId"] for error in errors] == [str(i) for i in run.ids.values()]
    assert [error["index"] for error in errors] == list(range(0, 2 * len(run.ids), 2))


@pytest.mark.parametrize("name", FAULTS, ids=[name.replace(" ", "-") for name in FAULTS])
def test_an_item_says_what_became_of_it(run: Run, name: str) -> None:
    fault = FAULTS[name]

    assert outcomes(run.reply)[str(run.ids[name])] == (fault.code, fault.outcome)
    assert len(run.seen[run.ids[name]]) == fault.calls


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_is_never_followed(run: Run, status: int) -> None:
    assert outcomes(run.reply)[str(run.ids[str(status)])] == ("core_bad_answer", "unknown")
    assert len(run.seen[run.ids[str(status)]]) == 1
    assert run.elsewhere == 0


def test_the_core_gets_one_call_for_each_healthy_item(run: Run) -> None:
    assert [len(run.seen[i]) for i in run.healthy] == [1] * len(run.healthy)


def test_no_text_of_the_core_is_shown(run: Run) -> None:
    assert b"Log in" not in run.reply.body


# The core has decided, or wants to be left alone for longer than there is time.
FINAL = {"400", "401", "403", "404", "407", "409", "412", "413", "422", "429 and an hour to wait"}


@pytest.mark.parametrize("name", FAULTS, ids=[name.replace(" ", "-") for name in FAULTS])
def test_where_keys_are_honoured_what_can_be_mended_is_sent_again_with_the_same_key(
    second_chance: Run, name: str
) -> None:
    seen = second_chance.seen[second_chance.ids[name]]

    assert len(seen) == (1 if name in FINAL else 2)
    assert len({request.headers["idempotency-key"] for request in seen}) == 1
    assert (str(second_chance.ids[name]) in succeeded(second_chance.reply)) == (name not in FINAL)


BROKEN = {
    "half a pair": rb'"cut \ud83d"',
    "a number beyond all": b"1e400",
    "no number": b"NaN",
    "a cut letter": b'"Cong\xc3"',
    "a deep list": b"[" * 1100 + b"]" * 1100,
}


def test_an_update_is_told_as_applied_whatever_one_field_of_its_answer_holds(gateway: Gateway, core: FakeCore) -> None:
    ids = {name: next(new_ids) for name in BROKEN}
    for name, value in BROKEN.items():
        body = b'{"data": {"id": %d, "title_fr": %b, "state": 4}}' % (ids[name], value)
        core.script(f"/actions/{ids[name]}", (send(answer(200, body=body)),))

    reply = gateway.patch(*ids.values())

    shown = {"status": "done", "unreadable": ["title.fr"]}
    assert (reply.status, reply.json()) == (200, {"data": [{"actionId": str(i)} | shown for i in ids.values()]})


def test_answers_with_a_broken_field_close_the_core_to_nobody(gateway: Gateway, core: FakeCore) -> None:
    ids = [next(new_ids) for _ in range(60)]
    for i in ids:
        body = b'{"data": {"id": %d, "title_fr": NaN}}' % i
        core.script(f"/actions/{i}", (send(answer(200, body=body)),))

    assert gateway.patch(*ids).status == 200
    assert gateway.patch(next(new_ids)).status == 200


def test_the_words_of_a_refusal_are_shown_though_one_is_broken(gateway: Gateway, core: FakeCore) -> None:
    number = next(new_ids)
    body = rb'{"message": "Closed \ud83d", "errors": {"title_fr": ["Too long \udc00"], "due_at": ["Past."]}}'
    core.script(f"/actions/{number}", (send(answer(422, body=body)),))

    reply = gateway.patch(number)

    assert reply.status == 400
    assert reply.json()["errors"][0]["errors"] == {"title.fr": ["Too long \ufffd"], "due_date": ["Past."]}
