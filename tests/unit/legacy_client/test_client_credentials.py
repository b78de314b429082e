"""What the core's refusal of the gateway's credentials leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from legacy_client.errors import (
    AccessDenied,
    Unreachable,
    Untrusted,
)
from legacy_client.sending.shape import AnswerShape
from legacy_client.transport.memory import answer
from tests.doubles.core_parts import some_budget
from tests.unit.legacy_client.contexts import Core, updated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from legacy_client.call_context import CallContext


class Renewable:
    """Credentials that note when they are refused, and may have better ones then."""

    def __init__(self, renews: bool) -> None:
        self._renews = renews
        self.token = 1
        self.refused_with: list[Mapping[str, str]] = []

    def headers(self, context: CallContext) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        self.refused_with.append(headers)
        self.token += self._renews
        return self._renews


def test_after_a_401_the_credentials_are_renewed_once_for_the_batch() -> None:
    credentials = Renewable(renews=True)
    core = Core({i: [answer(401), updated(i)] for i in range(5)}, credentials=credentials, budget=some_budget(floor=0))

    results = core.update(10)

    assert all(isinstance(result, dict) for result in results.values())
    assert credentials.refused_with == [{"Authorization": "Bearer 1"}]
    assert {request.headers["Authorization"] for request in core.transport.seen[10:]} == {"Bearer 2"}


def test_a_200_that_says_that_access_is_denied_renews_them_too() -> None:
    credentials = Renewable(renews=True)
    denied = answer(200, b'{"ok": false, "code": "TOK"}')
    shape = AnswerShape(ok_at=("ok",), code_at=("code",), codes={"TOK": AccessDenied})
    core = Core({0: [denied, answer(200, b'{"ok": true, "data": {"id": 0}}')]}, credentials=credentials, shape=shape)

    assert core.update(1) == {0: {"id": 0}}
    assert {request.headers["Authorization"] for request in core.transport.seen[1:]} == {"Bearer 2"}


def test_a_second_401_is_final() -> None:
    credentials = Renewable(renews=True)
    core = Core({0: [answer(401)]}, credentials=credentials, attempts=5)

    results = core.update(1)

    assert isinstance(results[0], AccessDenied)
    assert (core.attempts, len(credentials.refused_with)) == ({0: 2}, 1)


@pytest.mark.parametrize("status", [401, 403])
def test_without_better_credentials_a_refusal_is_final(status: int) -> None:
    core = Core({0: [answer(status)]}, credentials=Renewable(renews=False))

    core.update(1)

    assert core.attempts == {0: 1}


def test_a_403_does_not_renew_the_credentials() -> None:
    credentials = Renewable(renews=True)

    Core({0: [answer(403)]}, credentials=credentials).update(1)

    assert credentials.refused_with == []


@pytest.mark.parametrize("failure", [answer(401), answer(403), Untrusted()], ids=repr)
def test_a_fault_of_configuration_is_logged_once_for_the_batch(
    failure: object, caplog: pytest.LogCaptureFixture
) -> None:
    Core({i: [failure] for i in range(5)}).update(10)

    assert [record.message for record in caplog.records] == ["core_misconfigured"]


def test_a_batch_with_nothing_to_send_asks_for_no_credentials() -> None:
    class Unasked(Renewable):
        def headers(self, context: CallContext) -> Mapping[str, str]:
            raise AssertionError

    assert Core(credentials=Unasked(renews=False)).update(0) == {}


def test_without_credentials_nothing_is_sent() -> None:
    class None_(Renewable):  # noqa: N801 -- the name says it
        def headers(self, context: CallContext) -> Mapping[str, str]:
            raise Unreachable("no credentials", retry_after=1.0)

    core = Core(credentials=None_(renews=False))

    results = core.update(2)

    assert [type(result) for result in results.values()] == [Unreachable] * 2
    assert core.transport.seen == []
    assert len(core.waited) == 2
