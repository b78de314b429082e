"""When a connection may be used again at once: when the core was seen to keep such connections open."""

from __future__ import annotations

import pytest

from legacy_client.transport.trust import Trust


def test_a_new_core_is_watched_for_a_moment_and_then_trusted() -> None:
    trust = Trust()
    assert (trust.is_whole, trust.is_new, trust.moment) == (False, True, 0.05)

    trust.kept_open()

    assert trust.is_whole


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.2])
def test_a_core_that_closed_within_moments_of_its_answer_is_trusted_no_more(seconds: float) -> None:
    trust = Trust()
    trust.kept_open()

    trust.closed(seconds)

    assert (trust.is_whole, trust.is_new, trust.moment) == (False, False, 0.25)


def test_a_core_that_closed_what_had_rested_for_longer_is_trusted_as_before() -> None:
    trust = Trust()
    trust.kept_open()

    trust.closed(0.3)

    assert trust.is_whole


def test_who_lost_trust_must_earn_it_by_many_connections_in_a_row() -> None:
    trust = Trust()
    trust.closed(0.0)
    for _ in range(31):
        trust.kept_open()
    trust.closed(0.0)
    for _ in range(31):
        trust.kept_open()
    assert not trust.is_whole

    trust.kept_open()

    assert trust.is_whole
