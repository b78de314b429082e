"""What the bodies of all requests together may hold."""

from __future__ import annotations

import contextlib
import threading
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from gateway.admission.body_memory import FREE_BYTES, BodyMemory


def test_the_first_bytes_of_each_body_are_free():
    held = BodyMemory(0)
    with closing(held.share()) as first, closing(held.share()) as second:
        assert first.take(FREE_BYTES)
        assert second.take(FREE_BYTES)
        assert not first.take(1)

    assert held.held_bytes == 0


def test_beyond_them_all_bodies_share_one_bound():
    held = BodyMemory(1000)
    with closing(held.share()) as first, closing(held.share()) as second:
        assert first.take(FREE_BYTES + 900)
        assert not second.take(FREE_BYTES + 101)
        assert held.held_bytes == 900


def test_what_a_request_held_is_given_back_however_it_ends():
    held = BodyMemory(1000)
    with contextlib.suppress(RuntimeError), closing(held.share()) as share:
        share.take(FREE_BYTES + 600)
        raise RuntimeError

    assert held.held_bytes == 0


def test_an_answer_is_never_refused_and_leaves_less_for_bodies_until_it_was_taken():
    held = BodyMemory(1000)
    give_back = held.hold(FREE_BYTES + 2000)
    with closing(held.share()) as large, closing(held.share()) as small:
        assert not large.take(FREE_BYTES + 1)
        assert small.take(FREE_BYTES)
        give_back()
        assert small.take(1)

    assert held.held_bytes == 0


def test_a_small_answer_is_free():
    held = BodyMemory(0)

    held.hold(FREE_BYTES)

    assert held.held_bytes == 0


@given(st.lists(st.lists(st.integers(0, 100_000), max_size=8), max_size=8))
def test_the_bound_holds_whatever_comes(bodies):
    held = BodyMemory(200_000)
    shares = [held.share() for _ in bodies]
    for share, parts in zip(shares, bodies, strict=True):
        for part in parts:
            share.take(part)
            assert 0 <= held.held_bytes <= 200_000
    for share in shares:
        share.close()

    assert held.held_bytes == 0


def test_of_large_bodies_one_is_taken_apart_at_a_time_and_a_small_one_never_waits():
    held = BodyMemory(0)
    entered = []

    def take_apart(size):
        with held.parsing(size):
            entered.append(size)

    with held.parsing(FREE_BYTES + 1):
        waiting = threading.Thread(target=take_apart, args=(FREE_BYTES + 2,))
        waiting.start()
        take_apart(FREE_BYTES)
        assert entered == [FREE_BYTES]
    waiting.join(10)

    assert entered == [FREE_BYTES, FREE_BYTES + 2]
