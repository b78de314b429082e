"""For people: rows as they are found, in 80 columns, and what to write at the end."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gateway.core.check.finding import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.core.check.finding import Finding, Proposal
    from gateway.core.check.table import Probe

_WIDTH = 80
_COLUMN = 28


def row(probe: Probe, finding: Finding) -> str:
    """What it found; its evidence too where that is not a pass."""
    lines = [f"{finding.verdict:<12}  {probe.name:<14}"]
    told = textwrap.wrap(finding.told, _WIDTH - _COLUMN)
    lines[0] += told[0] if told else ""
    lines += [" " * _COLUMN + line for line in told[1:]]
    if finding.verdict in ("warn", "fail"):
        lines += _block("assumed: ", probe.assumes)
        for evidence in finding.evidence:
            lines += _block("- ", evidence)
    for proposal in finding.proposals:
        lines += _block("→ ", proposal.line)
    return "\n".join(line.rstrip() for line in lines)


def summary(found: Mapping[str, Finding], drift: Sequence[str]) -> str:
    counts = {verdict: sum(each.verdict == verdict for each in found.values()) for verdict in VERDICTS}
    parts = [" · ".join(f"{count} {verdict}" for verdict, count in counts.items())]
    if drift:
        parts.append("\n".join(["Different from the baseline:", *(f"  {line}" for line in _wrapped(drift))]))
    for title, proposals in (
        ("Settings to write:", [each for each in _all(found) if not _is_of_map(each)]),
        ("To write into the map:", [each for each in _all(found) if _is_of_map(each)]),
    ):
        if proposals:
            parts.append("\n".join([title, *_shown(proposals)]))
    return "\n\n".join(parts)


def _all(found: Mapping[str, Finding]) -> list[Proposal]:
    """Each line once."""
    return list({proposal.line: proposal for each in found.values() for proposal in each.proposals}.values())


def _is_of_map(proposal: Proposal) -> bool:
    return proposal.line.startswith("[")


def _shown(proposals: Sequence[Proposal]) -> Iterator[str]:
    for proposal in proposals:
        yield f"  {proposal.line}"
        yield from textwrap.wrap(proposal.why, _WIDTH, initial_indent="      ", subsequent_indent="      ")


def _block(mark: str, text: str) -> list[str]:
    indent = " " * _COLUMN
    return textwrap.wrap(text, _WIDTH, initial_indent=indent + mark, subsequent_indent=indent + "  ")


def _wrapped(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(line, _WIDTH - 2, subsequent_indent="    ")
