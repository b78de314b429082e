"""Steps of several batches share a transaction, and no batch pays for what another's step meets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from gateway.admission.idempotency.errors import LeaseLost, StoreUnavailable
from gateway.admission.idempotency.group_commit import GroupCommit
from gateway.admission.sqlite_file import EmbeddedDatabase, Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LAYOUT = Layout(application_id=7, version=1, schema="CREATE TABLE fact (name TEXT, body BLOB)")
_MUCH = 262_144


class Crowd:
    """In the pause of the first step the others come; their own steps find nobody to wait for."""

    def __init__(self, path: Path, **more: Any) -> None:
        self.path = path
        self.database = EmbeddedDatabase(path, LAYOUT, unavailable=StoreUnavailable, **more)
        self.begun = 0
        self.told: dict[str, object] = {}
        self._group = GroupCommit(self._transaction, self._pause)
        self._to_come: list[tuple[str, Callable[[sqlite3.Connection], object], int]] = []

    def _transaction(self) -> Any:
        self.begun += 1
        return self.database.transaction()

    def _pause(self) -> None:
        if self._to_come:
            self._run(*self._to_come.pop(0))

    def _run(self, name: str, take: Callable[[sqlite3.Connection], object], size: int) -> None:
        try:
            self.told[name] = self._group.run(take, size)
        except Exception as exc:  # noqa: BLE001 -- told to the test
            self.told[name] = exc

    def run(self, size: int = 10, **takes: Callable[[sqlite3.Connection], object]) -> None:
        self._to_come = [(name, take, size) for name, take in takes.items()]
        self._pause()

    def names(self) -> list[str]:
        with closing(sqlite3.connect(self.path)) as seen:
            return [name for (name,) in seen.execute("SELECT name FROM fact ORDER BY rowid")]


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    made = Crowd(tmp_path / "state" / "facts")
    yield made
    made.database.close()


def adds(name: str, size: int = 1) -> Callable[[sqlite3.Connection], str]:
    def take(rows: sqlite3.Connection) -> str:
        rows.execute("INSERT INTO fact VALUES (?, ?)", (name, b"x" * size))
        return f"{name} is in"

    return take


def loses(_rows: sqlite3.Connection) -> None:
    raise LeaseLost


def breaks(rows: sqlite3.Connection) -> None:
    adds("half of it")(rows)
    raise ZeroDivisionError


def misspells(rows: sqlite3.Connection) -> None:
    rows.execute("INSERT INTO nowhere VALUES (1)")


def test_steps_that_wait_at_once_are_one_transaction_and_each_gets_its_own(crowd: Crowd) -> None:
    crowd.run(a=adds("a"), b=adds("b"), c=adds("c"))

    assert crowd.told == {"a": "a is in", "b": "b is in", "c": "c is in"}
    assert (crowd.begun, crowd.names()) == (1, ["a", "b", "c"])


def test_one_that_lost_its_lease_is_told_and_the_others_are_written(crowd: Crowd) -> None:
    crowd.run(a=adds("a"), lost=loses, c=adds("c"))

    assert isinstance(crowd.told["lost"], LeaseLost)
    assert (crowd.told["a"], crowd.told["c"]) == ("a is in", "c is in")
    assert (crowd.begun, crowd.names()) == (1, ["a", "c"])


@pytest.mark.parametrize(("bad", "error"), [(breaks, ZeroDivisionError), (misspells, StoreUnavailable)])
def test_one_that_cannot_be_written_takes_no_other_with_it(crowd: Crowd, bad: Any, error: type[Exception]) -> None:
    crowd.run(a=adds("a"), bad=bad, c=adds("c"))

    assert isinstance(crowd.told["bad"], error)
    assert (crowd.told["a"], crowd.told["c"]) == ("a is in", "c is in")
    assert crowd.names() == ["a", "c"]


def test_a_full_file_still_takes_what_fits(tmp_path: Path) -> None:
    crowd = Crowd(tmp_path / "state" / "facts", max_bytes=65_536)
    with closing(crowd.database):
        crowd.run(large=adds("large", 100_000), small=adds("small"))

    assert str(crowd.told["large"]).startswith("SQLITE_FULL")
    assert crowd.told["small"] == "small is in"
    assert crowd.names() == ["small"]


def test_a_file_that_others_hold_is_waited_for_once_for_all(tmp_path: Path) -> None:
    crowd = Crowd(tmp_path / "state" / "facts", busy_seconds=0.01)
    crowd.run(first=adds("first"))
    with closing(sqlite3.connect(crowd.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        crowd.begun = 0
        crowd.run(a=adds("a"), b=adds("b"), c=adds("c"))
    crowd.database.close()

    told = [crowd.told[name] for name in "abc"]
    assert all(isinstance(error, StoreUnavailable) and error.is_busy for error in told)
    assert len({id(error) for error in told}) == 3
    assert (crowd.begun, crowd.names()) == (1, ["first"])


@pytest.mark.parametrize(("size", "transactions"), [(_MUCH // 3, 1), (_MUCH // 2, 2), (_MUCH, 3)])
def test_no_more_is_written_at_once_than_a_batch_writes_at_once(crowd: Crowd, size: int, transactions: int) -> None:
    """The one that reaches 256 KiB is the last of its transaction."""
    crowd.run(size, a=adds("a"), b=adds("b"), c=adds("c"))

    assert (crowd.begun, crowd.names()) == (transactions, ["a", "b", "c"])


class Ended(BaseException): ...


def test_the_step_of_one_that_was_ended_while_it_waited_is_not_written(tmp_path: Path) -> None:
    def end() -> None:
        raise Ended

    pauses: list[Callable[[], None]] = [end, lambda: None]
    database = EmbeddedDatabase(tmp_path / "state" / "facts", LAYOUT, unavailable=StoreUnavailable)
    group = GroupCommit(database.transaction, lambda: pauses.pop(0)())
    with pytest.raises(Ended):
        group.run(adds("gone"), 1)

    assert group.run(adds("here"), 1) == "here is in"
    database.close()
    with closing(sqlite3.connect(tmp_path / "state" / "facts")) as seen:
        assert seen.execute("SELECT name FROM fact").fetchall() == [("here",)]
