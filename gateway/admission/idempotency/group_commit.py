from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gateway.admission.idempotency.errors import IdempotencyError, StoreUnavailable
from gateway.admission.idempotency.unwritten import MUCH_BYTES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from gateway.admission.sqlite_file import Transaction

Result = TypeVar("Result")


class _Step:
    __slots__ = ("error", "has_ended", "result", "size", "take")

    def __init__(self, take: Callable[[sqlite3.Connection], object], size: int) -> None:
        self.take = take
        self.size = size
        self.has_ended = False
        self.result: object = None
        self.error: Exception | None = None

    def end(self, result: object, error: Exception | None) -> None:
        self.result, self.error, self.has_ended = result, error, True


class GroupCommit:
    """One transaction for the steps of several batches of a worker.

    ``pause`` waits until others have come. All who wait run in one thread, and switch nowhere else.
    """

    def __init__(self, transaction: Callable[[], Transaction], pause: Callable[[], None]) -> None:
        self._transaction = transaction
        self._pause = pause
        self._waiting: deque[_Step] = deque()

    def run(self, take: Callable[[sqlite3.Connection], Result], size: int) -> Result:
        """What ``take`` gives, once it is committed; it adds some ``size`` bytes, and may be called twice.

        Raises StoreUnavailable and what ``take`` raises. Where that is an IdempotencyError, it must have written nothing.
        """
        mine = _Step(take, size)
        self._waiting.append(mine)
        try:
            self._pause()
            while not mine.has_ended:
                self._write()
        except BaseException:
            # Nobody is left for whom it would be written.
            if not mine.has_ended:
                self._waiting.remove(mine)
            raise
        if mine.error is not None:
            raise mine.error
        return cast("Result", mine.result)

    def _write(self) -> None:
        """The first that wait, up to the one that reaches what a batch writes at once."""
        portion = list(islice(self._waiting, self._most()))
        if len(portion) == 1 or not self._has_shared(portion):
            # The file may have room for one, or refuse another.
            for step in portion:
                self._write_alone(step)
        for _ in portion:
            self._waiting.popleft()

    def _most(self) -> int:
        size = 0
        for number, step in enumerate(self._waiting, 1):
            size += step.size
            if size >= MUCH_BYTES:
                return number
        return len(self._waiting)

    def _has_shared(self, portion: Sequence[_Step]) -> bool:
        told: list[tuple[Any, Exception | None]] = []
        try:
            with self._transaction() as rows:
                for step in portion:
                    try:
                        told.append((step.take(rows), None))
                    except IdempotencyError as exc:
                        told.append((None, exc))
        except StoreUnavailable as exc:
            if not exc.is_busy:
                return False
            # To wait as long for each would hold all up.
            told = [(None, StoreUnavailable(exc.reason, exc.retry_after)) for _ in portion]
        except Exception:  # noqa: BLE001 -- each gets its own error
            return False
        for step, (result, error) in zip(portion, told, strict=True):
            step.end(result, error)
        return True

    def _write_alone(self, step: _Step) -> None:
        try:
            with self._transaction() as rows:
                result = step.take(rows)
        except Exception as exc:  # noqa: BLE001 -- raised where the step is waited for
            step.end(None, exc)
        else:
            step.end(result, None)
