"""Clients that are slow, broken or hostile (``faults.md`` 5.3), on bare sockets."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack

import pytest

from tests.contract.fake_core import OK, action, answer, wait
from tests.faults.client import Client
from tests.faults.house import eventually, new_ids, succeeded

pytestmark = pytest.mark.e2e
PATIENCE = 1.0  # HEADER_TIMEOUT, BODY_TIMEOUT and ANSWER_TIMEOUT of the gateway
SLACK = 2.0  # what a slow machine may add


def echo(peer):
    """The action with the fields it was sent, whole."""
    return answer(200, {"data": {"id": peer.action_id, **json.loads(peer.request.body)}})


def test_a_head_that_drips_is_cut_in_time_with_a_408(gateway, core):
    with gateway.dial() as client:
        lasted = client.drip(gateway.batch(1), 0.1)
        answer = client.read()

    assert PATIENCE * 0.9 < lasted < PATIENCE + SLACK
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert core.requests == []


def test_a_body_that_drips_is_cut_in_time_with_a_408(gateway, core):
    whole = gateway.batch(*range(1, 50))
    with gateway.dial() as client:
        client.send(whole[:-1000])
        lasted = client.drip(whole[-1000:], 0.1)
        answer = client.read()

    assert PATIENCE * 0.9 < lasted < PATIENCE + SLACK
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert core.requests == []


def test_a_chunked_body_that_drips_is_cut_too(gateway, core):
    with gateway.dial() as client:
        client.send(gateway.request(b"", framing="Transfer-Encoding: chunked\r\n", Content_Length=None))
        lasted = client.drip(b"1\r\n \r\n" * 100, 0.05)
        answer = client.read()

    assert PATIENCE * 0.9 < lasted < PATIENCE + SLACK
    assert answer.status == 408
    assert core.requests == []


def test_an_answer_that_nobody_takes_is_given_up_and_the_batch_is_not(gateway, core):
    ids = [next(new_ids) for _ in range(1000)]
    large = ",".join(f'{{"actionId":"{i}","details":{{"en":"{"x" * 4000}"}}}}' for i in ids)
    core.default = (lambda peer: peer.sock.sendall(echo(peer)),)

    with Client(gateway.url, receive_buffer=4096) as client:
        client.send(gateway.request(f'{{"data":[{large}]}}'.encode()))
        eventually(lambda: len(core.requests) == 1000)
        began = time.monotonic()
        eventually(lambda: "answer_not_taken" in gateway.log())
        waited = time.monotonic() - began

    assert waited < PATIENCE + SLACK
    assert gateway.get("/livez").status == 200


def test_slow_clients_of_all_kinds_do_not_hold_up_the_others(gateway):
    whole = gateway.batch(*range(1, 50))
    with ExitStack() as slow:
        for number in range(60):
            client = slow.enter_context(gateway.dial())
            client.send((whole[:20], whole[:-10], b"")[number % 3])

        answers = [gateway.patch(next(new_ids)).status for _ in range(5)]

    assert answers == [200] * 5


def test_when_connections_run_out_the_one_that_rested_longest_goes(make_gateway, core):
    crowded = make_gateway(core.url, {"GUNICORN_CMD_ARGS": "--worker-connections=10"})
    with ExitStack() as resting:
        clients = [resting.enter_context(crowded.dial()) for _ in range(10)]

        assert crowded.patch(next(new_ids)).status == 200
        assert clients[0].is_closed()


def test_a_client_that_leaves_amid_its_body_causes_no_call(gateway, core):
    whole = gateway.batch(1, 2, 3)
    with gateway.dial() as client:
        client.send(whole[:-10])
        client.sock.shutdown(socket.SHUT_WR)
        answer = client.read()

    assert (answer.status, answer.json()["detail"]) == (400, "The body ended early, or its framing is wrong.")
    assert core.requests == []


def test_a_body_that_is_cut_where_json_happens_to_be_complete_causes_no_call_either(gateway, core):
    whole = gateway.request(gateway.batch(1, 2).partition(b"\r\n\r\n")[2] + b" " * 50)
    with gateway.dial() as client:
        client.send(whole[:-20])
        client.sock.shutdown(socket.SHUT_WR)

        assert client.read().status == 400
    assert core.requests == []


@pytest.mark.parametrize(
    "leave", [lambda client: client.sock.close(), lambda client: client.reset()], ids=["fin", "rst"]
)
def test_for_a_client_that_left_nothing_new_is_sent_and_the_result_is_kept(make_gateway, core, leave):
    gateway = make_gateway(core.url, BATCH_CONCURRENCY="2", BATCH_DEADLINE="20", CORE_TIMEOUT="5")
    ids = [next(new_ids) for _ in range(100)]
    core.default = (wait(0.1), action())
    request = gateway.batch(*ids, Idempotency_Key="left")
    client = gateway.dial().send(request)
    eventually(lambda: len(core.requests) >= 4)

    leave(client)
    left_at = time.monotonic()
    eventually(lambda: "client_gone" in gateway.log())

    assert time.monotonic() - left_at < 1.0 + SLACK
    seen = len(core.requests)
    assert seen < 40
    core.default = OK
    again = gateway.exchange(request)
    assert again.status == 200
    assert len(succeeded(again)) == 100
    assert again.headers["idempotency-resumed"] == str(100 - seen)
    assert len(core.requests) == 100
