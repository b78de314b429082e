"""When a connection may be used again at once: when the core was seen to keep such connections open."""

from __future__ import annotations

import pytest

from legacy_client.transport.keep_alive import KeepAlive


def test_a_new_core_is_watched_for_a_moment_and_then_trusted() -> None:
    keep_alive = KeepAlive()
    assert (keep_alive.is_proven, keep_alive.is_new, keep_alive.moment) == (False, True, 0.05)

    keep_alive.kept_open()

    assert keep_alive.is_proven


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.2])
def test_a_core_that_closed_within_moments_of_its_answer_is_trusted_no_more(seconds: float) -> None:
    keep_alive = KeepAlive()
    keep_alive.kept_open()

    keep_alive.closed(seconds)

    assert (keep_alive.is_proven, keep_alive.is_new, keep_alive.moment) == (False, False, 0.25)


def test_a_core_that_closed_what_had_rested_for_longer_is_trusted_as_before() -> None:
    keep_alive = KeepAlive()
    keep_alive.kept_open()

    keep_alive.closed(0.3)

    assert keep_alive.is_proven


def test_who_lost_trust_must_earn_it_by_many_connections_in_a_row() -> None:
    keep_alive = KeepAlive()
    keep_alive.closed(0.0)
    for _ in range(31):
        keep_alive.kept_open()
    keep_alive.closed(0.0)
    for _ in range(31):
        keep_alive.kept_open()
    assert not keep_alive.is_proven

    keep_alive.kept_open()

    assert keep_alive.is_proven
