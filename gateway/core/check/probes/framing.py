"""The method, and how answers are framed."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from gateway.core.check.answers import described
from gateway.core.check.finding import Finding, Proposal, cannot_tell
from gateway.core.check.shapes import name_of
from gateway.resources.core_map import METHODS, is_update
from legacy_client.errors import CoreError
from legacy_client.transport.base import is_identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.line import Line
    from legacy_client.single.seen import Seen

# Each has one value.
_SINGLE = ("content-length", "content-type", "date", "location", "retry-after", "transfer-encoding")
_NOT_ALLOWED = (405, 501)


def probe(trial: Trial) -> Finding:
    try:
        with closing(trial.place.open()) as line:
            seen = trial.missing.ask_over(line)
    except CoreError as error:
        return cannot_tell(f"no answer: {error.reason}")
    if not seen.status:
        return Finding(verdict="fail", told="the answer is no HTTP/1.1 that can be read", evidence=[described(seen)])
    if seen.status in _NOT_ALLOWED:
        return _not_allowed(trial, seen)
    faults = list(_faults(line, seen))
    verdict: Verdict = "fail" if any(verdict == "fail" for verdict, _ in faults) else "warn" if faults else "pass"
    length = "chunked" if line.is_chunked else "with a length" if line.has_length else "until the end"
    return Finding(
        verdict=verdict,
        told="; ".join(told for _, told in faults) or f"{trial.method} is allowed; HTTP/{line.version}, {length}",
        evidence=[f"headers: {', '.join(name_of(name) for name, _ in seen.headers)}"],
        shape={"headers": ", ".join(sorted({name_of(name.lower()) for name, _ in seen.headers})), "length": length},
    )


def _not_allowed(trial: Trial, seen: Seen) -> Finding:
    allowed = [each.strip().upper() for each in seen.header("allow").split(",")]
    usual = [method for method in METHODS if method in allowed]
    own = [method for method in allowed if is_update(method) and method not in METHODS]
    proposals = [
        Proposal(f'[update] method = "{method}"', "a method that the core allows here")
        for method in (*usual, *own)
        if method != trial.method
    ]
    told = f"{trial.method} is not allowed ({seen.status})"
    return Finding(verdict="fail", told=told, evidence=[described(seen)], proposals=proposals[:1])


def _faults(line: Line, seen: Seen) -> Iterator[tuple[Verdict, str]]:
    counts = Counter(name.lower() for name, _ in seen.headers)
    lengths = {value.strip() for name, value in seen.headers if name.lower() == "content-length"}
    if len(lengths) > 1 or (line.is_chunked and lengths):
        yield "fail", "the answer has two lengths that differ"
    if not is_identity(seen.header("content-encoding") or None):
        yield "fail", f"the answer is encoded ({name_of(seen.header('content-encoding'))}), though nobody asked for it"
    if twice := [name for name in _SINGLE if counts[name] > 1 and name != "content-length"]:
        yield "warn", f"{twice[0]} comes twice"
    if line.version != "1.1":
        yield "warn", f"the core speaks HTTP/{line.version}, which keeps no connections"
    if not (line.has_length or line.is_chunked):
        yield "warn", "the answer ends with its connection, so a cut answer looks like a whole one"
