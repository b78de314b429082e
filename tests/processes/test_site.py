"""The documentation's site."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import yaml

from tests.docs import PAGES, ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder, and what building it told."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", "deploy/docs/mkdocs.yml", "-d", folder]
    environ = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return folder, subprocess.run(build, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=100)


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(site):
    folder, made = site

    assert made.returncode == 0, made.stderr
    pages = [page.read_text(encoding="utf-8") for page in folder.rglob("*.html")]
    assert len(pages) > len(PAGES) - 2
    loaded = (re.findall(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=\"?([^\"\s>]+)", page) for page in pages)
    assert {address for page in loaded for address in page if re.match("(https?:)?//", address)} == set()


def test_each_alert_leads_to_its_section_of_the_runbook(site):
    folder, _ = site
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    urls = [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"] if "alert" in rule]

    for url in urls:
        page, _, anchor = url.removeprefix("https://guides.example/").partition("#")
        assert re.search(rf'<h2 id="?{anchor}["\s>]', (folder / page).read_text(encoding="utf-8")), url
