"""Clients that are slow, broken or hostile (``faults.md`` 5.3), on bare sockets."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

from tests.doubles.fake_core import OK, action, answer, send, wait
from tests.faults.client import Client
from tests.faults.house import eventually, new_ids, succeeded

pytestmark = pytest.mark.e2e
PATIENCE = 1.0  # HEADER_TIMEOUT, BODY_TIMEOUT and ANSWER_TIMEOUT of the gateway
SLACK = 2.0  # what a slow machine may add
BATCH = b'{"data":[{"actionId":"19000","status":"done"}]}'
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n"
UUID = "3d2f9a52-6a3e-4f0f-9f5d-0c1f4a2b7c10"
REPLACED = {"id": UUID, "name": "x", "slug": "x", "description": "", "code": None, "order": 0, "input_fields": []}


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


def taken(gateway):
    """How many clients its only worker has accepted and not left."""
    (worker,) = gateway.workers()
    port = urlsplit(gateway.url).port
    return sum(one.laddr.port == port and one.status == "ESTABLISHED" for one in worker.net_connections("tcp"))


def begin_together_and_end(gateway, dial):
    """All have begun a request before the first is answered, so that none rests while the places fill."""
    clients = [dial().send(LIVEZ[:1]) for _ in range(10)]
    eventually(lambda: taken(gateway) == 10)
    return [client.send(LIVEZ[1:]).read().status for client in clients]


def end_one_by_one(_gateway, dial):
    """Each is answered, and rests, before the next."""
    return [dial().send(LIVEZ).read().status for _ in range(10)]


@pytest.mark.parametrize("ask", [begin_together_and_end, end_one_by_one])
def test_connections_that_rest_keep_nobody_out_of_a_full_worker(make_gateway, core, ask):
    crowded = make_gateway(core.url, {"GUNICORN_CMD_ARGS": "--worker-connections=10"}, HEADER_TIMEOUT="30")
    with ExitStack() as resting:
        assert ask(crowded, lambda: resting.enter_context(crowded.dial())) == [200] * 10
        assert crowded.patch(next(new_ids)).status == 200


def test_while_few_places_are_left_every_answer_ends_its_connection(make_gateway, core):
    crowded = make_gateway(core.url, {"GUNICORN_CMD_ARGS": "--worker-connections=10"}, HEADER_TIMEOUT="30")
    with ExitStack() as crowd:
        clients = [crowd.enter_context(crowded.dial()).send(LIVEZ[:1]) for _ in range(9)]
        eventually(lambda: taken(crowded) == 9)
        among_nine = clients[0].send(LIVEZ[1:]).read()
        eventually(lambda: taken(crowded) == 8)
        among_eight = clients[1].send(LIVEZ[1:]).read()

    assert (among_nine.status, among_nine.headers["connection"]) == (200, "close")
    assert (among_eight.status, among_eight.headers["connection"]) == (200, "keep-alive")


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
    gateway = make_gateway(core.url, BATCH_CONCURRENCY="2", BATCH_DEADLINE="20", ITEM_DEADLINE="5", CORE_TIMEOUT="5")
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


def test_of_two_requests_with_one_key_one_runs_and_the_other_waits(gateway, core):
    ids = [next(new_ids) for _ in range(3)]
    core.default = (wait(0.3), action())
    request = gateway.batch(*ids, Idempotency_Key=f"twin-{ids[0]}")
    with gateway.dial() as first, gateway.dial() as second:
        first.send(request)
        second.send(request)
        answers = sorted((client.read() for client in (first, second)), key=lambda answer: answer.status)

    assert [answer.status for answer in answers] == [200, 409]
    assert int(answers[1].headers["retry-after"]) >= 1
    assert len(core.requests) == 3


def test_what_a_caller_says_of_its_connection_and_of_itself_goes_no_further(gateway, core):
    headers = {
        "Connection": "X-Secret",
        "TE": "trailers",
        "X-Secret": "1",
        "Cookie": "a=b",
        "X-Forwarded-For": "1.2.3.4",
    }

    assert gateway.patch(next(new_ids), **headers).status == 200
    (seen,) = core.requests
    assert not {"connection", "te", "x-secret", "cookie", "x-forwarded-for", "user-agent"} & seen.headers.keys()


def test_a_chunked_body_over_the_limit_is_refused_before_it_is_whole(gateway, core):
    with gateway.dial() as client:
        client.send(gateway.request(b"", framing="Transfer-Encoding: chunked\r\n", Content_Length=None))
        for _ in range(60):
            client.send(b"19000\r\n" + b" " * 0x19000 + b"\r\n")
        answer = client.read()

        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert client.is_closed()
    assert core.requests == []


def test_large_slow_bodies_share_a_bound_and_small_ones_pass_beside_them(make_gateway, core):
    gateway = make_gateway(core.url, MAX_HELD_BYTES="12000000", BODY_TIMEOUT="10")
    (worker,) = gateway.workers()
    gateway.patch(next(new_ids))
    before = worker.memory_info().rss
    with ExitStack() as slow:
        large = [slow.enter_context(gateway.dial()) for _ in range(12)]
        for client in large:
            client.send(gateway.request(b"", Content_Length="5000000"))
            with suppress(OSError):
                client.send(b" " * 4_900_000)
        refused = [client.read() for client in large if client.has_ended(0.3)]

        assert {answer.status for answer in refused} == {503}
        assert all(answer.headers["retry-after"] == "1" for answer in refused)
        assert len(refused) >= 9
        assert gateway.patch(*(next(new_ids) for _ in range(50))).status == 200
        assert worker.memory_info().rss - before < 60_000_000
    assert eventually(lambda: gateway.exchange(gateway.request(b" " * 1_000_000 + BATCH)).status == 200)


def test_answers_that_nobody_takes_leave_less_room_for_large_bodies_and_none_is_lost(make_gateway, core):
    core.default = (send(b"HTTP/1.1 204 No Content\r\n\r\n"),)
    gateway = make_gateway(core.url, MAX_HELD_BYTES="13000000", ANSWER_TIMEOUT="30")
    with ExitStack() as slow:
        clients = [slow.enter_context(Client(gateway.url, receive_buffer=4096)) for _ in range(6)]
        for client in clients:
            client.send(large_batch(gateway))
            assert client.has_ended(15.0)
        answers = [client.read() for client in clients]

        assert [answer.status for answer in answers] == [200, 200, 503, 503, 503, 503]
        assert [len(answer.json()["data"]) for answer in answers[:2]] == [1000, 1000]
    assert eventually(lambda: gateway.exchange(large_batch(gateway)).status == 200)


def large_batch(gateway):
    """A thousand items, shown in an answer of 5 MB where the core answers without a body."""
    items = [{"actionId": str(next(new_ids)), "details": {"en": "d" * 5000}} for _ in range(1000)]
    return gateway.request(json.dumps({"data": items}).encode())


def test_heads_without_end_are_refused_and_do_not_grow_the_worker(make_gateway, core):
    gateway = make_gateway(core.url, HEADER_TIMEOUT="30")
    (worker,) = gateway.workers()
    before = worker.memory_info().rss
    with ExitStack() as crowd:
        clients = [crowd.enter_context(gateway.dial()) for _ in range(200)]
        for client in clients:
            client.send(b"GET /livez HTTP/1.1\r\nX: " + b"a" * 500_000)
        statuses = {client.read().status for client in clients}

        assert statuses == {431}
        assert worker.memory_info().rss - before < 30_000_000


def test_beyond_its_places_it_refuses_at_once_and_serves_what_it_has(make_gateway, core):
    gateway = make_gateway(core.url, MAX_WAITING_BATCHES="8")
    core.default = (wait(0.5), action())
    with ExitStack() as crowd:
        clients = [crowd.enter_context(gateway.dial()).send(gateway.batch(next(new_ids))) for _ in range(24)]
        answers = [client.read() for client in clients]

    statuses = Counter(answer.status for answer in answers)
    assert statuses == {200: 6, 503: 18}
    assert {answer.headers.get("retry-after") for answer in answers if answer.status == 503} == {"1"}
    assert len(core.requests) == 6


def test_one_partner_takes_neither_all_places_nor_all_turns(make_gateway, core):
    gateway = make_gateway(
        core.url, MAX_WAITING_BATCHES="8", CORE_CONCURRENCY="4", BATCH_DEADLINE="3", MAX_QUEUE_AGE="3"
    )
    core.default = (wait(0.05), action())
    other, key = gateway.minted(sub="another-partner"), gateway.api_key()
    core.script(f"/integrations/{UUID}/actions/{UUID}", (wait(0.05), send(answer(200, {"data": REPLACED}))))
    with ExitStack() as crowd:
        for _ in range(8):
            crowd.enter_context(gateway.dial()).send(gateway.batch(*(next(new_ids) for _ in range(400))))
        eventually(lambda: len(core.requests) > 20)
        began = time.monotonic()
        small = gateway.patch(*(next(new_ids) for _ in range(4)), Authorization=f"Bearer {other}")
        put = gateway.put(UUID, key)
        waited = time.monotonic() - began

    assert (small.status, put.status) == (200, 200)
    assert waited < 1.0 + SLACK
