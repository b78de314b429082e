"""Bounded memories, what expires in them, and cool-downs; the memory of unknown kids on top of them."""

from __future__ import annotations

import threading

from gateway.auth.keycloak.unknown_kids import MOST, SECONDS, UnknownKids
from gateway.expiring import Bounded, CoolDown, Expiring
from tests.doubles.clocks import FakeClock


def test_the_oldest_entry_goes_first():
    bounded: Bounded[str, int] = Bounded(2)

    for key, value in (("a", 1), ("b", 2), ("c", 3)):
        bounded.put(key, value)

    assert dict(bounded) == {"b": 2, "c": 3}


def test_an_entry_put_again_counts_as_new():
    bounded: Bounded[str, int] = Bounded(2)

    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        bounded.put(key, value)

    assert dict(bounded) == {"a": 3, "c": 4}


def test_with_size_zero_nothing_is_kept():
    bounded: Bounded[str, int] = Bounded(0)

    bounded.put("a", 1)

    assert not bounded


def test_many_threads_never_make_it_larger_than_its_size():
    bounded: Bounded[int, int] = Bounded(10)
    threads = [threading.Thread(target=lambda: [bounded.put(n, n) for n in range(2000)]) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(bounded) == 10


def test_a_kid_missed_once_is_of_no_use_until_the_next_look_up():
    unknown = UnknownKids()

    unknown.add("k", now=0, next_look_up=10)

    assert unknown.holds("k", 9)
    assert not unknown.holds("k", 10)


def test_a_kid_missed_by_two_look_ups_is_of_no_use_for_half_a_minute():
    unknown = UnknownKids()

    unknown.add("k", now=0, next_look_up=10)
    unknown.add("k", now=12, next_look_up=22)

    assert unknown.holds("k", 12 + SECONDS - 1)
    assert not unknown.holds("k", 12 + SECONDS)


def test_all_who_waited_for_one_look_up_count_as_one_miss():
    unknown = UnknownKids()

    for _ in range(50):
        unknown.add("k", now=0, next_look_up=10)

    assert not unknown.holds("k", 10)


def test_the_memory_of_unknown_kids_is_bounded():
    unknown = UnknownKids()

    for number in range(MOST + 500):
        unknown.add(f"k{number}", now=0, next_look_up=10)

    assert len(unknown) == MOST


def test_a_value_holds_up_to_its_time():
    clock = FakeClock()
    memory: Expiring[str, int] = Expiring(2, clock)

    memory.put("a", 1, clock() + 5)

    clock.advance(4.9)
    assert memory.get("a") == 1
    clock.advance(0.2)
    assert memory.get("a") is None
    assert memory.get("b") is None


def test_what_expires_is_bounded_too():
    clock = FakeClock()
    memory: Expiring[int, int] = Expiring(2, clock)

    for number in range(3):
        memory.put(number, number, clock() + 5)

    assert len(memory) == 2
    assert [memory.get(number) for number in range(3)] == [None, 1, 2]


def test_what_failed_is_left_alone_for_a_while_counted_from_its_last_failure():
    clock = FakeClock()
    cool_down = CoolDown(2.0, clock)

    assert cool_down.is_over
    cool_down.begin()
    clock.advance(1.5)
    assert not cool_down.is_over
    cool_down.begin()
    clock.advance(1.9)
    assert not cool_down.is_over
    clock.advance(0.1)
    assert cool_down.is_over
