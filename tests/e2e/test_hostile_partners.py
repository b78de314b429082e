"""``PARTNER_CLAIM`` for real: a caller names the partners that its token lists and no other, whatever it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.stack import Stack
from tests.e2e.stack import CoreView, Partner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.web import Reply

pytestmark = pytest.mark.e2e
OURS, ALSO_OURS = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01"
THEIRS = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1aff"


@pytest.fixture(scope="module")
def owned() -> Iterator[Stack]:
    with Stack({"PARTNER_CLAIM": "partner_ids", "CORE_TRANSPORT": "sessions"}) as stack:
        yield stack


@pytest.fixture
def core(owned: Stack) -> CoreView:
    owned.core.control("POST", "reset")
    return CoreView(owned)


@pytest.fixture
def send(owned: Stack, core: CoreView) -> Callable[..., Reply]:
    """``send(claim, partners, …)``: an item per list of partners, by a caller whose token has this claim."""

    def send(claim: Any, *named: list[str] | None) -> Reply:
        token = owned.identity.control("POST", "mint", {"claims": {"partner_ids": claim}})["token"]
        items = [
            {"actionId": str(19000 + place), "status": "done", **({"partner_ids": partners} if partners else {})}
            for place, partners in enumerate(named)
        ]
        return Partner(owned).patch(*items, authorization=f"Bearer {token}")

    return send


@pytest.mark.parametrize(
    ("claim", "named"),
    [
        ([OURS], [OURS]),
        ([OURS, ALSO_OURS], [ALSO_OURS, OURS]),
        ([OURS.upper()], [OURS]),
        ([OURS], [OURS.upper()]),
        (OURS, [OURS]),
        ([OURS], None),
        ([], None),
        (None, None),
    ],
    ids=["its one", "its two", "claim in capitals", "item in capitals", "one as text", "none named", "empty claim", "no claim"],
)  # fmt: skip
def test_a_caller_may_name_its_own_partners_or_none(
    send: Callable[..., Reply], core: CoreView, claim: Any, named: list[str] | None
) -> None:
    assert send(claim, named).status == 200
    assert core.counts()["applied"] == 1


@pytest.mark.parametrize(
    ("claim", "named", "places"),
    [
        ([OURS], [THEIRS], [0]),
        ([OURS], [OURS, THEIRS], [1]),
        ([OURS], [THEIRS, OURS, ALSO_OURS], [0, 2]),
        (OURS, [THEIRS], [0]),
        (f"{OURS} {THEIRS}", [THEIRS], [0]),
        (f"{OURS},{THEIRS}", [THEIRS], [0]),
        ("*", [THEIRS], [0]),
        (["*"], [THEIRS], [0]),
        ([], [OURS], [0]),
        ("", [OURS], [0]),
        (None, [OURS], [0]),
    ],
)
def test_another_s_partner_is_an_error_of_its_item_and_nothing_is_sent(
    send: Callable[..., Reply], core: CoreView, claim: Any, named: list[str], places: list[int]
) -> None:
    reply = send(claim, None, named)

    assert reply.status == 400
    assert reply.json()["type"].endswith("/problems/validation-failed")
    assert [(error["index"], error["field"], error["code"]) for error in reply.json()["errors"]] == [
        (1, f"partner_ids.{place}", "partner_not_allowed") for place in places
    ]
    assert core.counts()["total"] == 0


@pytest.mark.parametrize("claim", [7, True, {"0": OURS}, [7], [OURS, None], [[OURS]], {"contains": "*"}])
def test_a_claim_of_another_type_grants_nothing_and_is_no_token(
    send: Callable[..., Reply], core: CoreView, claim: Any
) -> None:
    reply = send(claim, [OURS])

    assert reply.status == 401
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]
    assert core.counts()["total"] == 0
