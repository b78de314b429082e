"""The sandbox's core with 20,000 actions: ``--collections tests.e2e.cli.many:COLLECTIONS``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core import collections as own
from sandbox.core import seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.core.database import Row

FIRST, COUNT = 1_000_000, 20_000


def actions() -> Iterator[Row]:
    usual = list(seed.actions())
    for number in range(COUNT):
        yield {**usual[number % seed.ACTIONS], "id": FIRST + number}


COLLECTIONS = (own.COLLECTIONS[0]._replace(seed=actions),)
