"""Prometheus' own tool loads the rules and runs their tests, and the page's commands bring them elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]

FOLDER = ROOT / "deploy" / "prometheus"

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def _promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_configuration_and_its_rules_can_be_loaded() -> None:
    _promtool("check", "config", "prometheus.yml")


@needs_promtool
def test_each_alert_fires_when_it_should_and_not_before() -> None:
    _promtool("test", "rules", "alerts_test.yml")


def test_the_rules_are_brought_to_prometheus_operator_as_the_page_says() -> None:
    page = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```sh\n(\{\n  printf.*?\n\}) \| kubectl [^\n]+\n```", page, re.DOTALL)

    made = subprocess.run(["sh", "-c", lines], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    resource = yaml.safe_load(made)
    rules = (FOLDER / "alerts.yml").read_text(encoding="utf-8").replace("guides.example", "guides.mine.net")
    assert resource["kind"] == "PrometheusRule"
    assert resource["spec"] == yaml.safe_load(rules)
