from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from legacy_client.transport.hub.addresses import Addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from legacy_client.transport.hub.addresses import Address

A, B = (socket.AF_INET, ("192.0.2.1", 80)), (socket.AF_INET6, ("2001:db8::1", 80, 0, 0))


class Resolver:
    """Answers with ``known``, or fails with it; says how often it was asked. Waits while ``is_hanging``."""

    def __init__(self, *known: Address) -> None:
        self.known: Sequence[Address] | Exception = known
        self.asked = 0
        self.is_hanging = False

    def __call__(self, host: str, port: int, **_more: Any) -> list[Any]:
        self.asked += 1
        while self.is_hanging:
            gevent.sleep(0.001)
        if isinstance(self.known, Exception):
            raise self.known
        return [(family, socket.SOCK_STREAM, 6, "", address) for family, address in self.known]


class Book:
    """Addresses on a clock that the test turns."""

    def __init__(self, resolver: Resolver) -> None:
        self.now = 100.0
        self.addresses = Addresses("core.test", 80, resolve=resolver, clock=lambda: self.now)

    def ask(self) -> list[Sequence[Address]]:
        """What was told, once the greenlets that could run have run."""
        told: list[Sequence[Address]] = []
        self.addresses.ask(told.append)
        gevent.sleep(0)
        gevent.sleep(0)
        return told


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(A, B)


@pytest.fixture
def book(resolver: Resolver) -> Book:
    return Book(resolver)


def test_a_name_is_looked_up_when_it_is_first_asked_for(book: Book, resolver: Resolver) -> None:
    assert resolver.asked == 0
    assert book.ask() == [[A, B]]


def test_each_address_is_told_once(book: Book, resolver: Resolver) -> None:
    resolver.known = (A, B, A)

    assert book.ask() == [[A, B]]


def test_many_who_ask_at_once_share_one_look_up(book: Book, resolver: Resolver) -> None:
    resolver.is_hanging = True
    told: list[Sequence[Address]] = []
    for _ in range(5):
        book.addresses.ask(told.append)
    gevent.sleep(0)
    assert told == []

    resolver.is_hanging = False
    gevent.sleep(0.01)

    assert told == [[A, B]] * 5
    assert resolver.asked == 1


def test_known_addresses_are_told_at_once(book: Book, resolver: Resolver) -> None:
    book.ask()
    told: list[Sequence[Address]] = []

    book.addresses.ask(told.append)

    assert told == [[A, B]]
    assert resolver.asked == 1


def test_addresses_older_than_a_few_seconds_are_looked_up_before_they_are_told(book: Book, resolver: Resolver) -> None:
    book.ask()
    resolver.known = (B,)
    book.now += 2.9
    assert book.ask() == [[A, B]]

    book.now += 0.2

    assert book.ask() == [[B]]


@pytest.mark.parametrize("failure", [socket.gaierror(-3, "try again"), OSError("none"), UnicodeError("label too long")])
def test_a_look_up_that_fails_leaves_what_is_known(book: Book, resolver: Resolver, failure: Exception) -> None:
    book.ask()
    resolver.known = failure
    book.now += 11
    book.ask()

    assert book.ask() == [[A, B]]


def test_a_resolver_with_a_fault_is_asked_again(book: Book, resolver: Resolver) -> None:
    resolver.known = RuntimeError("a fault")
    assert book.ask() == [[]]

    resolver.known = (A,)
    book.addresses.doubt()

    assert book.ask() == [[A]]


def test_a_resolver_that_hangs_holds_up_only_the_first_who_know_an_address(book: Book, resolver: Resolver) -> None:
    book.ask()
    resolver.is_hanging = True
    book.now += 11
    assert book.ask() == []

    book.now += 0.3

    assert [book.ask(), book.ask()] == [[[A, B]]] * 2
    assert resolver.asked == 2
    resolver.is_hanging = False
    gevent.sleep(0.01)


def test_a_name_that_does_not_resolve_has_no_addresses_until_it_does(book: Book, resolver: Resolver) -> None:
    resolver.known = socket.gaierror(-2, "unknown")
    assert book.ask() == [[]]

    resolver.known = (A,)
    book.addresses.doubt()

    assert book.ask() == [[A]]


def test_addresses_in_doubt_are_looked_up_before_they_are_told(book: Book, resolver: Resolver) -> None:
    book.ask()
    resolver.known = (B,)
    book.addresses.doubt()

    assert book.ask() == [[B]]


def test_addresses_in_doubt_are_told_all_the_same_when_nothing_better_is_to_be_had(
    book: Book, resolver: Resolver
) -> None:
    book.ask()
    resolver.known = OSError("down")
    book.addresses.doubt()

    assert book.ask() == [[A, B]]


def test_who_will_wait_no_longer_makes_do_with_addresses_in_doubt(book: Book, resolver: Resolver) -> None:
    book.ask()
    book.addresses.doubt()
    resolver.is_hanging = True
    told: list[Sequence[Address]] = []
    book.addresses.ask(told.append)

    book.addresses.make_do(told.append)
    book.addresses.make_do(told.append)
    resolver.is_hanging = False
    gevent.sleep(0.01)

    assert told == [[A, B]]


def test_where_nothing_is_known_there_is_nothing_to_make_do_with(book: Book, resolver: Resolver) -> None:
    resolver.is_hanging = True
    told: list[Sequence[Address]] = []
    book.addresses.ask(told.append)

    book.addresses.make_do(told.append)
    assert told == []
    resolver.is_hanging = False
    gevent.sleep(0.01)

    assert told == [[A, B]]


def test_who_has_left_is_told_nothing(book: Book, resolver: Resolver) -> None:
    resolver.is_hanging = True
    told: list[Sequence[Address]] = []
    book.addresses.ask(told.append)

    book.addresses.leave(told.append)
    resolver.is_hanging = False
    gevent.sleep(0.01)

    assert told == []


def test_an_address_that_did_not_answer_comes_last(book: Book) -> None:
    book.ask()

    book.addresses.demote(A)

    assert book.ask() == [[B, A]]
