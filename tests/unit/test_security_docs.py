"""The threat model is only worth what its guards are: each test that it names is there, and each boundary has some."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = (ROOT / "docs" / "security.md").read_text()
GUARDS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", MODEL)))
BOUNDARIES = (
    "Partner → gateway",
    "Browser",
    "Gateway → Keycloak",
    "Gateway → core",
    "State folder and Redis",
    "Operators' port",
    "Supply chain",
)


@lru_cache
def functions_in(path):
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), GUARDS)
def test_every_guard_that_the_threat_model_names_exists(path, name):
    assert name in functions_in(path)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_boundary_has_threats_and_each_threat_a_guard(boundary):
    section = MODEL.split(f"\n## {boundary}\n", 1)[1].split("\n## ", 1)[0]
    rows = [row for row in section.splitlines() if row.startswith("| ")][1:]

    assert "Crosses it: " in section
    assert len(rows) >= 4
    assert [row for row in rows if "::test_" not in row and "`make " not in row] == []


def test_reports_have_a_way_in_and_versions_a_term():
    policy = (ROOT / ".github" / "SECURITY.md").read_text()

    assert "Report a vulnerability" in policy
    assert "## Supported versions" in policy
    assert (ROOT / ".github" / "../docs/security.md").exists()
