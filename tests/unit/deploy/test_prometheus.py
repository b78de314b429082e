"""The alert rules hold what they say, about metrics that there are; each has its page in the runbook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from gateway.admission.refusal import RefusalReason
from gateway.api.routes import RESOURCES, routes
from gateway.item_codes import ITEM_CODES
from gateway.telemetry.logs.names import LOG_EVENTS, REQUEST_FIELDS
from gateway.telemetry.metrics.table import METRICS

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "prometheus"
GROUPS = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
LOG_FIELDS = {*REQUEST_FIELDS, "retry_after"}
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
ROUTES = routes([make(("en", "fr"), 1, lambda: None) for make in RESOURCES])


def test_each_alert_is_tested_both_ways_or_at_least_firing() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {case["alertname"] for test in tests for case in test.get("alert_rule_test", []) if case["exp_alerts"]}

    assert fired == set(ALERTS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_rule_reads_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    assert unknown_metrics(rule["expr"]) == set()
    assert unknown_labels(rule["expr"]) == set()


@pytest.mark.parametrize("name", [*ALERTS])
def test_each_alert_says_how_bad_it_is_and_where_to_read_on(name: str) -> None:
    rule = ALERTS[name]
    path, _, anchor = rule["annotations"]["runbook"].partition("#")

    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert anchor == name.lower()
    assert rule["annotations"]["runbook_url"] == f"https://guides.example/runbook.html#{anchor}"
    assert f"## {name}\n" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*ALERTS])
def test_each_name_in_an_alert_and_its_section_is_one_that_there_is(name: str) -> None:
    named = _names(ALERTS[name]["annotations"]["description"]) | _names(_section(name))

    assert named - {*LOG_EVENTS, *ITEM_CODES, *get_args(RefusalReason), *(spec.name for spec in METRICS)} <= LOG_FIELDS


@pytest.mark.parametrize("name", [*ALERTS])
def test_what_an_alert_says_to_look_for_its_section_explains(name: str) -> None:
    assert _names(ALERTS[name]["annotations"]["description"]) <= _names(_section(name))


def test_the_burn_rates_are_those_of_the_page_on_the_objective() -> None:
    page = (ROOT / "docs" / "operators" / "objective.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\].*?\| (\w+) \| ([\d.]+) \| (\w+ \w+) and (\w+ \w+) \|", page, re.MULTILINE)
    short = {"min": "m"}
    told = {
        name: (severity, round(float(rate) * 0.001, 6), {f"{n}{short.get(u, u)}" for n, u in map(str.split, windows)})
        for name, severity, rate, *windows in rows
    }

    assert told == {
        name: (
            ALERTS[name]["labels"]["severity"],
            float(*set(re.findall(r"> ([\d.]+)", ALERTS[name]["expr"]))),
            set(re.findall(r"ratio(\w+)", ALERTS[name]["expr"])),
        )
        for name in ("GatewayItemsFailing", "GatewayItemsFailingForHours", "GatewayItemsFailingForDays")
    }


def test_the_share_of_failed_requests_counts_every_route_of_partners_and_no_other() -> None:
    (counted,) = set(re.findall(r'route=~"([^"]+)"', ALERTS["GatewayRequestsFailing"]["expr"]))

    assert [rule for route in ROUTES for rule in route.rules if not re.fullmatch(counted, rule)] == []
    others = ("/livez", "/readyz", "/metrics", "/status/data", "/docs", "/openapi.json", "unmatched")
    assert [route for route in others if re.fullmatch(counted, route)] == []


def unknown_metrics(expression: str) -> set[str]:
    """Names in an expression that are no metric, nor a series of a histogram."""
    known = {spec.name for spec in METRICS}
    known |= {
        f"{spec.name}_{part}" for spec in METRICS if spec.kind == "histogram" for part in ("bucket", "sum", "count")
    }
    return set(re.findall(r"\bgateway_[a-z_]+", expression)) - known


def unknown_labels(expression: str) -> set[str]:
    """Labels in the selectors of an expression that their metric does not have."""
    by_name = {spec.name: {*spec.labels, "instance"} for spec in METRICS}
    wrong = set()
    for name, selector in re.findall(r"\b(gateway_[a-z_]+)\{([^}]*)\}", expression):
        labels = set(re.findall(r"([a-z_]+)\s*(?:=|!)", selector))
        series = re.sub(r"_(bucket|sum|count)$", "", name)
        wrong |= labels - by_name.get(series, by_name.get(name, set()))
    return wrong


def _names(text: str) -> set[str]:
    """Words in snake case, as log events, item codes, reasons and metrics are."""
    return set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text))


def _section(name: str) -> str:
    """The alert's section of the runbook."""
    _, _, rest = RUNBOOK.partition(f"## {name}\n")
    return rest.partition("\n## ")[0]
