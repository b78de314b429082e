"""The hub as an adapter that a requests session is mounted with."""

from __future__ import annotations

import pytest
import requests

from legacy_client.errors import BadAnswer, BrokenOff, TimedOut, Unreachable
from tests.contract.fake_core import (
    FakeCore,
    close,
    hang,
    refusing,
    send,
)
from tests.unit.legacy_client.transport.hub.rig import Rig, rig


def session(hub: Rig) -> requests.Session:
    opened = requests.Session()
    opened.trust_env = False
    opened.mount(hub.url, hub.transport)
    return opened


def test_a_session_can_be_carried_by_it(core: FakeCore, hub: Rig) -> None:
    response = session(hub).put(core.url + "/actions/7", json={"state": 2}, timeout=5)

    assert response.json() == {"data": {"id": 7, "state": 2}}
    assert core.requests[0].body == b'{"state": 2}'
    assert core.requests[0].headers["accept-encoding"] == "identity"


def test_a_session_gets_the_exceptions_it_expects(core: FakeCore, hub: Rig) -> None:
    core.script("/actions/1", (hang(),))
    core.script("/actions/2", (close(),))
    core.script("/actions/3", (send(b"nonsense\r\n\r\n"),))
    with session(hub) as opened:
        with pytest.raises(requests.ReadTimeout) as timed_out:
            opened.put(core.url + "/actions/1", timeout=(1.0, 0.1))
        for action_id, cause in ((2, BrokenOff), (3, BadAnswer)):
            with pytest.raises(requests.ConnectionError) as broken:
                opened.put(f"{core.url}/actions/{action_id}")
            assert type(broken.value.__cause__) is cause
        with pytest.raises(requests.ConnectionError):
            opened.head(core.url)

    assert isinstance(timed_out.value.__cause__, TimedOut)
    assert timed_out.value.request.url == core.url + "/actions/1"


def test_a_session_is_told_that_the_core_cannot_be_reached() -> None:
    with refusing() as url, rig(url) as hub, session(hub) as opened, pytest.raises(requests.ConnectionError) as failed:
        opened.put(url)

    assert isinstance(failed.value.__cause__, Unreachable)
