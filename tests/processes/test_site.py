"""The documentation's site."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.docs import PAGES, ROOT


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    build = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "-f",
        "deploy/docs/mkdocs.yml",
        "-d",
        tmp_path,
    ]
    environ = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    made = subprocess.run(build, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=100)

    assert made.returncode == 0, made.stderr
    pages = [page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")]
    assert len(pages) > len(PAGES) - 2
    loaded = (re.findall(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=\"?([^\"\s>]+)", page) for page in pages)
    assert {address for page in loaded for address in page if re.match("(https?:)?//", address)} == set()
