"""For programs: JSON, and JUnit's XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import orjson

from gateway.core.check.table import PROBES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.core.check.finding import Finding

# XML 1.0 section 2.2.
_of_no_xml = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ASSUMES = {probe.name: probe.assumes for probe in PROBES}


def as_json(found: Mapping[str, Finding], drift: Sequence[str], journal: str, code: int) -> str:
    rows = [
        {
            "row": name,
            "verdict": finding.verdict,
            "told": finding.told,
            "assumes": _ASSUMES[name],
            "evidence": list(finding.evidence),
            "write": [proposal._asdict() for proposal in finding.proposals],
            "shape": dict(finding.shape),
        }
        for name, finding in found.items()
    ]
    document = {"rows": rows, "drift": list(drift), "journal": journal or None, "exit": code}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def as_junit(found: Mapping[str, Finding], drift: Sequence[str]) -> str:
    """A warning is a test that passed, and is told beside it."""
    suite = ET.Element("testsuite", name="core", tests=str(len(found) + bool(drift)))
    failures = skipped = 0
    for name, finding in found.items():
        case = ET.SubElement(suite, "testcase", classname="core", name=name)
        if finding.verdict == "fail":
            failures += 1
            ET.SubElement(case, "failure", message=finding.told).text = _details(finding)
        elif finding.verdict == "cannot tell":
            skipped += 1
            ET.SubElement(case, "skipped", message=finding.told)
        else:
            ET.SubElement(case, "system-out").text = f"{finding.verdict}: {finding.told}\n{_details(finding)}"
    if drift:
        failures += 1
        case = ET.SubElement(suite, "testcase", classname="core", name="baseline")
        ET.SubElement(case, "failure", message=drift[0]).text = "\n".join(drift)
    suite.set("failures", str(failures))
    suite.set("skipped", str(skipped))
    ET.indent(suite)
    return _of_no_xml.sub("?", ET.tostring(suite, encoding="unicode"))


def _details(finding: Finding) -> str:
    return "\n".join([*finding.evidence, *(proposal.line for proposal in finding.proposals)])
