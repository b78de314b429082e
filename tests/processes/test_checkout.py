from __future__ import annotations

import subprocess

import pytest

from tests.docs import ROOT

TOP = {
    ".ci", ".github", "CHANGELOG.md", "Dockerfile", "Makefile", "README.md", "bench", "cli", "deploy", "docs", "gateway",
    "legacy_client", "pyproject.toml", "sandbox", "schemas", "setup.cfg", "tests", "wsgi.py", ".dockerignore", ".gitignore",
}  # fmt: skip


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_nothing_new_stands_at_the_top_level() -> None:
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {path.partition("/")[0] for path in kept.splitlines()} - TOP == set()
