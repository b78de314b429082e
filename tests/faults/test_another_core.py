"""A core that answers 200 to everything, over real sockets: its map makes it a core like any other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.doubles.fake_core import FakeCore, answer, send
from tests.faults.house import Gateway, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doubles.fake_core import Peer
    from tests.faults.house import Home

MAP = """
[core]
id = "digits"
[update]
method = "POST"
path = "/rpc/update/{id}"
key_header = "X-Once"
wrap = "action"
[fields]
category_action = {to = "kind.category"}
type_action = {to = "kind.type"}
status = {to = "status", as = "upper"}
title = {to = "texts.title.{key}"}
subtitle = {to = "texts.subtitle.{key}"}
details = {to = "texts.details.{key}"}
partner_ids = {to = "partners", as = "same"}
effective_date = {to = "plan.from", as = "iso8601"}
due_date = {to = "plan.due", as = "iso8601"}
expires_at = {to = "plan.end", as = "unix_millis"}
author_id = {to = "author"}
[answers]
item_at = "result"
ok_at = "ok"
message_at = "error.text"
errors_at = "error.fields"
code_at = "error.code"
[codes]
404 = "not_found"
17 = "busy"
"""
APPLIED, MISSING, REFUSED, BUSY = 1, 2, 3, 4
ERRORS = {
    MISSING: {"code": 404, "text": "Unknown."},
    REFUSED: {"code": 9, "text": "Closed.", "fields": {"plan.due": ["Is in the past."]}},
    BUSY: {"code": 17},
}


def rpc(peer: Peer) -> None:
    """The last digit of the id says what becomes of it."""
    item, kind = str(peer.action_id), int(peer.action_id) % 10
    sent = json.loads(peer.request.body)["action"]
    told = {"ok": True, "result": {**sent, "id": item}} if kind == APPLIED else {"ok": False, "error": ERRORS[kind]}
    send(answer(200, told))(peer)


@pytest.fixture
def core() -> Iterator[FakeCore]:
    with FakeCore(default=(rpc,)) as core:
        yield core


@pytest.fixture
def gateway(home: Home, core: FakeCore, tmp_path: Path) -> Iterator[Gateway]:
    path = tmp_path / "core.toml"
    path.write_text(MAP, encoding="utf-8")
    with Gateway(home, core.url, {"CORE_MAP": str(path), "RETRY_ATTEMPTS": "1", "CIRCUIT_ENABLED": "true"}) as gateway:
        yield gateway


def test_a_core_of_another_kind_is_called_and_understood(gateway: Gateway, core: FakeCore):
    items = [{"actionId": f"1000{kind}", "status": "done", "due_date": "2024-01-10 06:51:15"} for kind in (1, 2, 3, 4)]
    reply = gateway.patch(*items, Idempotency_Key="k")

    assert reply.status == 207
    assert reply.json()["data"] == [items[0]]
    failed = {error["actionId"]: error for error in reply.json()["errors"]}
    assert {item: error["code"] for item, error in failed.items()} == {
        "10002": "not_found",
        "10003": "rejected",
        "10004": "core_busy",
    }
    assert failed["10003"]["errors"] == {"due_date": ["Is in the past."]}
    seen = {request.path: request for request in core.requests}
    first = seen["/core/rpc/update/10001"]
    assert first.method == "POST"
    assert json.loads(first.body) == {"action": {"status": "DONE", "plan": {"due": "2024-01-10T06:51:15Z"}}}
    assert first.headers["x-once"].endswith("-10001")


def test_a_core_that_says_in_each_200_that_it_is_busy_is_left_alone(gateway: Gateway):
    def is_open() -> bool:
        gateway.patch(*(f"{each}{BUSY}" for each in range(10_000, 10_050)))
        circuit: str = gateway.get("/readyz").json()["checks"]["core"]["circuit"]
        return circuit == "open"

    eventually(is_open, 30.0)
    assert gateway.get("/readyz").json()["checks"]["core"]["reason"] == "busy"
