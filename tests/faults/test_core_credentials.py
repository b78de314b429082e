"""The gateway's own credentials for the core are wrong: partners are told that it is no fault of theirs, operators why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.identity.realm import CLIENTS
from tests.doubles.certificates import Authority
from tests.doubles.fake_core import FakeCore, refusing
from tests.faults.house import eventually, new_ids, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.house import Gateway

    MakeGateway = Callable[..., Gateway]

pytestmark = pytest.mark.e2e
KEY = "a-key-of-this-test-"


def lines(gateway: Gateway, event: str) -> list[str]:
    return [line for line in gateway.log().splitlines() if event in line]


def test_a_wrong_client_secret_is_a_fault_of_ours_that_a_repeat_mends(
    make_gateway: MakeGateway, core: FakeCore, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong")
    gateway = make_gateway(
        core.url,
        CORE_AUTH="client_credentials",
        CORE_CLIENT_ID="partner",
        CORE_CLIENT_SECRET_FILE=str(secret),
    )
    item = next(new_ids)

    refused = gateway.patch(item, Idempotency_Key=f"{KEY}{item}")

    assert (refused.status, refused.json()["type"].rpartition("/")[2]) == (502, "core-misconfigured")
    assert outcomes(refused) == {str(item): ("core_misconfigured", "not_sent")}
    assert "invalid_client" in eventually(lambda: lines(gateway, "core_token_fetch_failed"))[0]
    assert "invalid_client" in eventually(lambda: lines(gateway, "core_misconfigured"))[0]
    assert "invalid_client" in gateway.get("/readyz").json()["checks"]["core"]["credentials"]
    # What the alert GatewayCoreMisconfigured counts.
    counted = 'gateway_items_total{code="core_misconfigured",outcome="not_sent"} 1.0'
    assert counted in gateway.get("/metrics").body.decode()

    secret.write_text(CLIENTS["partner"].secret)

    eventually(lambda: gateway.patch(item, Idempotency_Key=f"{KEY}{item}").status == 200)
    assert "credentials" not in gateway.get("/readyz").json()["checks"]["core"]


def test_a_wrong_client_secret_is_told_by_each_worker_before_the_first_batch(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    secrets = {"CORE_CLIENT_ID": "partner", "CORE_CLIENT_SECRET": "wrong"}
    gateway = make_gateway(core.url, CORE_AUTH="client_credentials", WORKERS="2", **secrets)

    eventually(lambda: len(lines(gateway, "core_token_fetch_failed")) >= 2)

    assert "invalid_client" in gateway.get("/readyz").json()["checks"]["core"]["credentials"]


def test_a_wrong_secret_for_introspection_is_told_to_operators(make_gateway: MakeGateway, core: FakeCore) -> None:
    client = {"INTROSPECTION_CLIENT_ID": "partner", "INTROSPECTION_CLIENT_SECRET": "wrong"}
    gateway = make_gateway(core.url, INTROSPECTION="true", **client)

    assert gateway.patch(next(new_ids)).status == 503

    assert '"level":"error"' in eventually(lambda: lines(gateway, "introspection_failed"))[0]
    ready = eventually(lambda: (found := gateway.get("/readyz")).status == 200 and found)
    assert ready.json()["checks"]["keycloak"]["introspection"] == {"partners": "status 401 invalid_client"}


@pytest.mark.parametrize(
    "bad", [b"\xef\xbb\xbfX-Core-Key: new", b'"X-Core-Key: new"', b"Content-Length: 5", b"X-Core-Key: n\0w"]
)
def test_a_header_file_that_turns_bad_keeps_the_last_good_header(
    make_gateway: MakeGateway, core: FakeCore, tmp_path: Path, bad: bytes
) -> None:
    file = tmp_path / "header"
    file.write_text("X-Core-Key: old")
    gateway = make_gateway(core.url, CORE_AUTH="static", CORE_AUTH_FILE=str(file))
    assert gateway.patch(next(new_ids)).status == 200

    file.write_bytes(bad)

    eventually(lambda: gateway.patch(next(new_ids)).status == 200 and lines(gateway, "core_credentials_unreadable"))
    assert {request.headers.get("x-core-key") for request in core.requests} == {"old"}


def test_a_core_that_cannot_be_reached_says_so_at_the_start_and_in_each_place(make_gateway: MakeGateway) -> None:
    with refusing() as url:
        peer = url.removeprefix("http://").removesuffix("/core")
        gateway = make_gateway(url, CORE_CONNECT_TIMEOUT="10", CORE_TIMEOUT="3")
        eventually(lambda: lines(gateway, "core_unreachable"))
        gateway.patch(next(new_ids))

        assert f"ECONNREFUSED, {peer}" in lines(gateway, "core_unreachable")[0]
        assert f"ECONNREFUSED, {peer}" in eventually(lambda: lines(gateway, "item_failed"))[0]
        check = gateway.get("/readyz").json()["checks"]["core"]
        assert (check["reason"], check["detail"]) == ("unreachable", f"ECONNREFUSED, {peer}")


@pytest.mark.parametrize("transport", ["hub", "sessions"])
def test_a_worker_reaches_a_core_over_tls_by_either_transport(
    make_gateway: MakeGateway, tmp_path: Path, transport: str
) -> None:
    authority, item = Authority(tmp_path), next(new_ids)
    with FakeCore(tls=authority.issue("localhost").server()) as core:
        gateway = make_gateway(core.url, CORE_CA_FILE=authority.file, CORE_TRANSPORT=transport)

        assert gateway.patch(item).status == 200
