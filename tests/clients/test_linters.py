"""Spectral, with OpenAPI's and OWASP's rules, and Redocly find nothing; what does not apply is named in their settings."""

from __future__ import annotations

import subprocess

import pytest

from tests.clients.tools import HERE, Unavailable, tool

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

LINTERS = {
    "spectral": ("lint", "--fail-severity", "hint", "--ruleset", "spectral.yaml"),
    "redocly": ("lint", "--max-problems", "1000", "--config", "redocly.yaml"),
}


@pytest.mark.parametrize("name", LINTERS)
def test_the_linter_finds_nothing(name, tmp_path, document):
    try:
        linter = tool(f"node/node_modules/.bin/{name}")
        (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    except Unavailable as exc:
        pytest.skip(str(exc))
    (tmp_path / "openapi.json").write_text(document, encoding="utf-8")
    for settings in ("spectral.yaml", "redocly.yaml"):
        (tmp_path / settings).write_bytes((HERE / settings).read_bytes())

    ran = subprocess.run(
        [linter, *LINTERS[name], "openapi.json"], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
