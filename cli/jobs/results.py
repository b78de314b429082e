"""Lines of a job's results → pages, each with the cursor that goes on after it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cli.errors import Exhausted, Refused
from cli.job_state import Settled
from cli.outcome import Failure
from cli.verdicts import failure_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cli.jobs.calls import JobCalls

_MOST_BREAKS = 20
UNPROCESSED = "The job ended before this row was sent."


@dataclass(frozen=True, slots=True)
class Page:
    """``is_last``: the job has ended and nothing follows. ``is_end``: nothing follows now.

    Without lines and cursor it says that the gateway is there.
    """

    lines: list[Mapping[str, Any]] = field(default_factory=list)
    cursor: str = ""
    is_last: bool = False
    is_end: bool = False


def pages(lines: Iterable[bytes]) -> Iterator[Page]:
    """Lines behind the last cursor are left out: they come again. Raises Refused for what is no such line."""
    found: list[Mapping[str, Any]] = []
    for text in lines:
        if not text.strip():
            yield Page()
            continue
        line = _object(text)
        if "cursor" in line:
            complete = line.get("complete")
            yield Page(found, str(line["cursor"]), is_last=complete is True, is_end=complete is not None)
            found = []
        else:
            found.append(line)


def now(calls: JobCalls, job: str, outcome: str) -> Iterator[Page]:
    """What is known by now, of one ``outcome`` or, where it is empty, of all. Raises Refused, or as a call does."""
    cursor, breaks = "", 0
    while breaks < _MOST_BREAKS:
        with calls.results(job, {"outcome": outcome, "since": cursor}) as stream:
            if stream.answer.status != HTTPStatus.OK:
                raise Refused(stream.answer.said)
            for page in pages(stream.lines):
                yield page
                cursor = page.cursor or cursor
                if page.is_end:
                    return
        breaks += 1
    raise Exhausted(f"the results of job {job} break off again and again")


@dataclass(slots=True)
class Ended:
    """What a page tells of one part, by place. ``ids`` are of all, ``updated`` of those that were applied."""

    ids: dict[int, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    updated: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def settled(self) -> Settled:
        failed = {failure.place for failure in self.failures}
        return Settled(sorted(self.ids.keys() - failed), self.failures)


def by_part(page: Page) -> dict[int, Ended]:
    """By number of the part, from 1. Raises Refused for a line that names no place."""
    parts: dict[int, Ended] = {}
    for line in page.lines:
        part, number = line.get("part"), line.get("line")
        if not isinstance(part, int) or not isinstance(number, int):
            raise Refused("the gateway's results name no part and line; is it newer than this command?")
        _note(parts.setdefault(part, Ended()), number - 1, line)
    return parts


def by_place(page: Page, places: Mapping[str, tuple[int, int]]) -> dict[int, Ended]:
    """By number of the chunk, of a retry, whose parts are its own. ``places`` are chunk and place by id."""
    chunks: dict[int, Ended] = {}
    for line in page.lines:
        found = places.get(bare(str(line.get("actionId", ""))))
        if found is None:
            raise Refused("the gateway's results name a row that was not to be retried")
        _note(chunks.setdefault(found[0], Ended()), found[1], line)
    return chunks


def bare(identifier: str) -> str:
    """``007`` is ``7``."""
    return identifier.lstrip("0")


def failure_of(place: int, line: Mapping[str, Any]) -> Failure | None:
    """None for an item that was applied."""
    if line.get("outcome") == "applied":
        return None
    if line.get("outcome") == "unprocessed":
        return Failure(place, "unprocessed", UNPROCESSED, "not_sent", True)
    error = line.get("error")
    return failure_at(place, error if isinstance(error, dict) else {})


def _note(ended: Ended, place: int, line: Mapping[str, Any]) -> None:
    if place in ended.ids:
        raise Refused("the gateway's results tell of one row twice")
    ended.ids[place] = str(line.get("actionId", ""))
    failure = failure_of(place, line)
    if failure is not None:
        ended.failures.append(failure)
    elif isinstance(line.get("action"), dict):
        ended.updated[place] = line["action"]


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused("the gateway's results are no JSON lines")
    return found
