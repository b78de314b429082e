"""The dashboard draws metrics that there are, and all of them."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.telemetry.metrics.counters import CIRCUIT_STATES
from gateway.telemetry.metrics.table import METRICS
from tests.unit.deploy.test_prometheus import ALERTS, RULES, unknown_labels, unknown_metrics

ROOT = Path(__file__).parents[3]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
EXPRESSIONS += [annotation["expr"] for annotation in DASHBOARD["annotations"]["list"]]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_panel_reads_metrics_and_labels_that_there_are(expression: str) -> None:
    assert unknown_metrics(expression) == set()
    assert unknown_labels(expression) == set()


def test_every_metric_is_on_the_dashboard() -> None:
    drawn = set(re.findall(r"\bgateway_[a-z_]+", " ".join(EXPRESSIONS)))

    assert {spec.name for spec in METRICS} <= drawn | {name.removesuffix("_bucket") for name in drawn}


def test_the_budget_on_the_dashboard_counts_what_the_alerts_count() -> None:
    titles = {"Success this hour", "Budget left, 3 days", "Burn rate"}
    drawn = [target["expr"] for panel in PANELS if panel["title"] in titles for target in panel["targets"]]
    alerted = [rule["expr"] for rule in RULES if rule.get("record", "").startswith("gateway:items_failed:")]

    assert len(drawn) == 5
    assert _failed(drawn) == _failed(alerted) != set()


def _failed(expressions: list[str]) -> set[str]:
    """Which items count as failed."""
    return {found.replace(" ", "") for text in expressions for found in re.findall(r"outcome!=[^}]+", text)}


def test_a_circuit_that_is_probed_is_no_more_closed_than_one_that_is_open() -> None:
    drawn = " ".join(EXPRESSIONS) + ALERTS["GatewayCircuitOpen"]["expr"]
    states = re.findall(r'gateway_core_circuit_state\{[^}]*state=~?"([^"]+)"', drawn)

    assert [set(state.split("|")) for state in states] == [{*CIRCUIT_STATES} - {"closed"}] * 2


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_each_panel_follows_the_chosen_instances_and_data_source(panel: dict[str, Any]) -> None:
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all('instance=~"$instance"' in target["expr"] for target in panel["targets"])


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    cells = [
        (column, row)
        for grid in (panel["gridPos"] for panel in PANELS)
        for column, row in itertools.product(
            range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
        )
    ]

    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len(set(cells)) == len(cells)
    assert max(column for column, _ in cells) < 24


def test_grafana_finds_its_data_source_and_its_dashboard() -> None:
    folder = ROOT / "deploy" / "compose" / "grafana"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "gateway.yaml").read_text())["providers"]
    mounts = yaml.safe_load((folder.parent / "compose.yaml").read_text())["services"]["grafana"]["volumes"]

    assert source["url"] == "http://prometheus:9090"
    assert f"../grafana:{provider['options']['path']}:ro" in mounts
