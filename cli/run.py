"""A run: chunk after chunk, from where an earlier one stopped, until every row is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from cli.chunk import Answered
from cli.errors import Exhausted
from cli.outcome import Failure
from cli.sending import Ended, Unanswered
from cli.verdicts import Invalid, Results, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cli.chunk import Chunk
    from cli.cutting import Body, Cutter
    from cli.journal import Journal
    from cli.limits import Limits
    from cli.open_chunk import Open
    from cli.rows.opening import Input
    from cli.sending import Sender

MOST_IN_A_ROW = 20
"""Chunks without a success, after which a run ends."""

_MARGIN_SECONDS = 600.0


class Step(NamedTuple):
    """What became of a chunk. ``failures`` are by their place in it; the others of ``body`` were applied.

    ``was_cut_anew``: only the failures ended; the others of it come again.
    """

    chunk: Chunk
    body: Body
    failures: Sequence[Failure]
    updated: Mapping[int, Mapping[str, Any]]
    was_cut_anew: bool = False


class KeepsApplied(Protocol):
    """Where the items go that were applied, as they are now."""

    def keep(self, updated: Sequence[Mapping[str, Any]]) -> int | None:
        """How long the file is then, or None where none is kept."""
        ...


class Run:
    """``now`` gives seconds since 1970. ``is_over`` says before each chunk whether no more are to begin."""

    def __init__(
        self,
        source: Input,
        journal: Journal,
        cutter: Cutter,
        sender: Sender,
        limits: Limits,
        applied: KeepsApplied,
        now: Callable[[], float],
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source = source
        self._journal = journal
        self._cutter = cutter
        self._sender = sender
        self._limits = limits
        self._applied = applied
        self._now = now
        self._is_over = is_over
        self._in_a_row = 0

    def steps(self) -> Iterator[Step]:
        """Until nothing is left, or time is over. Raises Refused, Exhausted and Unwritable; what was told stays true."""
        if self._journal.state.ended:
            return
        for one in list(self._journal.state.open.values()):
            if self._is_over():
                return
            yield self._go_on(one)
            self._count_success()
        while self._journal.state.spans and not self._is_over():
            fresh = self._next()
            if fresh is not None:
                yield self._send(*fresh)
                self._count_success()
        if self.is_ended:
            self._journal.end(self._now())

    @property
    def is_ended(self) -> bool:
        """Whether every row has its end, so that the same command would send nothing."""
        state = self._journal.state
        return bool(state.ended) or not (state.spans or state.open)

    def _next(self) -> tuple[Chunk, Body] | None:
        state = self._journal.state
        self._source.check_unchanged()
        fresh = self._cutter.cut(state.next_number, state.spans[0], self._limits)
        if fresh is None:
            # Nothing but empty rows is left of it.
            del state.spans[0]
            return None
        self._journal.cut(fresh[0])
        return fresh

    def _go_on(self, one: Open) -> Step:
        """A chunk of an earlier run, under its key for as long as that is known."""
        self._source.check_unchanged()
        body = self._cutter.body(one.chunk)
        kept = self._limits.kept_seconds
        margin = min(_MARGIN_SECONDS, kept / 10)
        # A clock that went back does not tell how old the key is.
        if not -margin <= self._now() - one.chunk.cut_at <= kept - margin:
            return self._settle(one, body, "its key is no longer known to the gateway")
        return self._send(one.chunk, body, earlier=one)

    def _send(self, chunk: Chunk, body: Body, earlier: Open | None = None) -> Step:
        if not body.ids:
            return self._answered(chunk, body, Results([], {}), final=True)
        sent, left_now = self._sender.send(body, chunk.key)
        # Of what left in an earlier run, some may have been applied.
        is_sure = earlier is None and not left_now
        match sent:
            case Ended():
                self._note_end(chunk, sent, is_sure=is_sure)
                raise sent.error
            case Results():
                self._in_a_row = 0 if sent.updated else self._in_a_row + 1
                return self._answered(chunk, body, sent, final=not sent.retryable)
            case Unanswered():
                self._in_a_row += 1
                if earlier is not None and earlier.answered is not None:
                    return Step(chunk, body, earlier.answered.failures, {})
                return Step(chunk, body, unanswered(body, sent.said), {})
            case Invalid() | TooLarge():
                self._in_a_row += isinstance(sent, Invalid)
                if not is_sure:
                    # This call applied nothing, but one before may have: other keys could apply it twice.
                    known = earlier if earlier is not None else self._journal.state.open[chunk.number]
                    return self._settle(known, body, "the gateway no longer takes the batch that had left")
                return self._cut_anew(chunk, body, sent)

    def _cut_anew(self, chunk: Chunk, body: Body, sent: Invalid | TooLarge) -> Step:
        if isinstance(sent, Invalid):
            failures = list(sent.failures)
        elif chunk.sent == 1:
            failures = [Failure(next(iter(body.ids)), "too_large", sent.said, "not_applied", False)]
        else:
            failures = []
            self._limits = self._limits.lowered(sent.max_items, sent.max_bytes, chunk.sent, len(body.bytes))
        self._journal.again(chunk, failures)
        return Step(chunk, body, failures, {}, was_cut_anew=True)

    def _note_end(self, chunk: Chunk, ended: Ended, *, is_sure: bool) -> None:
        """What is known of a chunk whose sending ended the run."""
        if ended.results is not None:
            self._journal.answer(chunk, Answered(ended.results.failures, final=False))
        elif is_sure:
            self._journal.again(chunk)

    def _settle(self, one: Open, body: Body, why: str) -> Step:
        """No repeat can tell more: what is known of it is final."""
        failures = list(one.answered.failures) if one.answered else _unknown(body, why)
        answered = Answered(failures, final=True)
        self._journal.answer(one.chunk, answered)
        return Step(one.chunk, body, failures, {})

    def _answered(self, chunk: Chunk, body: Body, results: Results, *, final: bool) -> Step:
        length = self._applied.keep(list(results.updated.values())) if final else None
        self._journal.answer(chunk, Answered(results.failures, final), length)
        return Step(chunk, body, results.failures, results.updated)

    def _count_success(self) -> None:
        if self._in_a_row >= MOST_IN_A_ROW:
            raise Exhausted(f"{MOST_IN_A_ROW} batches in a row without one success")


def unanswered(body: Body, said: str) -> list[Failure]:
    return [Failure(place, "no_answer", said, "unknown", True) for place in body.ids]


def _unknown(body: Body, why: str) -> list[Failure]:
    detail = f"It may have been applied, and {why}: look at it in the core, or ask your operator."
    return [Failure(place, "no_answer", detail, "unknown", False) for place in body.ids]
