"""The chart says what the kustomize base says, and takes no value that it does not use."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from gateway import VERSION
from gateway.settings import all_settings, variable
from tests.docs import ROOT

CHART = ROOT / "deploy" / "helm"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
TEMPLATES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((CHART / "templates").iterdir()))
EXAMPLE = yaml.safe_load(
    re.findall(r"```yaml\n(image:.*?)```", (ROOT / "deploy" / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
)


def leaves(values: dict[str, Any], path: str = "") -> set[str]:
    found = set()
    for name, value in values.items():
        found |= leaves(value, f"{path}.{name}") if isinstance(value, dict) and value else {f"{path}.{name}"}
    return found


def test_the_values_are_those_of_the_schema() -> None:
    jsonschema.validate(VALUES, SCHEMA)


def test_the_example_of_the_page_is_taken() -> None:
    jsonschema.validate(EXAMPLE, SCHEMA)
    assert leaves(EXAMPLE) - leaves(VALUES) == {
        *(f".settings.{name}" for name in EXAMPLE["settings"] if name not in VALUES["settings"]),
        ".secrets.files.GATEWAY_CORE_CLIENT_SECRET_FILE",
    }


@pytest.mark.parametrize(
    "bad",
    [{"replicas": 3}, {"redis": {"url": "redis://x"}}, {"settings": {"CORE_URL": "x"}}, {"jobs": {"minReplicas": 0}},
     {"secrets": {"files": {"GATEWAY_REDIS_URL": "redis-url"}}}],
)  # fmt: skip
def test_a_value_that_means_nothing_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bad, SCHEMA)


def test_every_value_is_used_and_every_value_that_is_used_is_there() -> None:
    used = set(re.findall(r"\.Values((?:\.[a-z]\w*)+)", TEMPLATES))
    # A group that is used whole uses its members.
    unused = {leaf for leaf in leaves(VALUES) if not any(leaf == name or leaf.startswith(f"{name}.") for name in used)}
    there = {leaf[: match.end()] for leaf in leaves(VALUES) for match in re.finditer(r"\.\w+", leaf)}

    assert unused == set()
    assert used - there == set()


def test_every_setting_in_the_chart_is_one() -> None:
    known = {variable(setting.name) for setting in all_settings()}
    known |= {f"{variable(setting.name)}_FILE" for setting in all_settings() if setting.metadata["secret"]}
    named = set(re.findall(r"GATEWAY_[A-Z_]+[A-Z]", TEMPLATES + json.dumps(VALUES) + json.dumps(EXAMPLE)))

    assert named - known == set()


def test_the_chart_takes_the_image_of_its_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))

    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_the_rules_of_the_chart_are_those_that_are_tested() -> None:
    # A link, which Helm follows: one text of the rules.
    assert (CHART / "files" / "alerts.yml").resolve() == ROOT / "deploy" / "prometheus" / "alerts.yml"
