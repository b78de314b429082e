"""The chart as Helm renders it: valid Kubernetes, the same pods as the kustomize base, and no nonsense."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from gateway.settings import load, unknown_variables
from tests.doubles.manifests import BASE, JOBS, NEWEST, OLDEST
from tests.unit.deploy.test_helm import CHART, EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path

HELM = shutil.which("helm")
pytestmark = pytest.mark.skipif(
    HELM is None, reason="helm is not installed (go install helm.sh/helm/v3/cmd/helm@v3.18.6)"
)
CUSTOM = {"ServiceMonitor", "PrometheusRule", "ExternalSecret", "HTTPRoute"}
REQUIRED = {
    f"settings.GATEWAY_{name}": value
    for name, value in {
        "CORE_URL": "https://core.test", "KEYCLOAK_URL": "https://id.test", "KEYCLOAK_REALM": "partners",
        "KEYCLOAK_AUDIENCE": "gateway",
    }.items()
}  # fmt: skip


def helm(*words: str, **values: str) -> subprocess.CompletedProcess[str]:
    given = [
        word
        for name, value in {**REQUIRED, **values}.items()
        for word in ("--set-string" if name.startswith("settings.") else "--set", f"{name}={value}")
    ]
    command = [str(HELM), *words, *given]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def rendered(*words: str, **values: str) -> dict[tuple[str, str], dict[str, Any]]:
    told = helm("template", "gw", str(CHART), "--kube-version", NEWEST, *words, **values)
    assert told.returncode == 0, told.stderr
    documents = [document for document in yaml.safe_load_all(told.stdout) if document]
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """With everything switched on that the example of the page switches on."""
    values: Path = tmp_path_factory.mktemp("helm") / "values.yaml"
    values.write_text(yaml.safe_dump(EXAMPLE), encoding="utf-8")
    return rendered(
        "--values", str(values), **{"externalSecrets.enabled": "true", "externalSecrets.store.name": "vault"}
    )


def test_helm_finds_nothing_to_say_of_the_chart() -> None:
    told = helm("lint", "--strict", str(CHART))

    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_each_resource_is_what_its_schema_says(whole: Any, version: str) -> None:
    for (kind, _), resource in whole.items():
        if kind not in CUSTOM:
            kubernetes_validate.validate(resource, version, strict=True)


def test_all_that_was_asked_for_is_there(whole: Any) -> None:
    assert sorted(whole) == [
        ("ConfigMap", "gw-bulk-update-gateway"),
        ("Deployment", "gw-bulk-update-gateway"),
        ("Deployment", "gw-bulk-update-gateway-jobs"),
        ("ExternalSecret", "gateway-secrets"),
        ("HorizontalPodAutoscaler", "gw-bulk-update-gateway"),
        ("HorizontalPodAutoscaler", "gw-bulk-update-gateway-jobs"),
        ("Ingress", "gw-bulk-update-gateway"),
        ("NetworkPolicy", "gw-bulk-update-gateway"),
        ("NetworkPolicy", "gw-bulk-update-gateway-jobs"),
        ("PodDisruptionBudget", "gw-bulk-update-gateway"),
        ("PodDisruptionBudget", "gw-bulk-update-gateway-jobs"),
        ("PrometheusRule", "gw-bulk-update-gateway"),
        ("Service", "gw-bulk-update-gateway"),
        ("Service", "gw-bulk-update-gateway-metrics"),
        ("ServiceAccount", "gw-bulk-update-gateway"),
        ("ServiceMonitor", "gw-bulk-update-gateway"),
    ]


@pytest.mark.parametrize(("name", "base"), [("gw-bulk-update-gateway", BASE), ("gw-bulk-update-gateway-jobs", JOBS)])
def test_a_pod_is_that_of_the_kustomize_base(whole: Any, name: str, base: Any) -> None:
    pod, theirs = (each["spec"]["template"]["spec"] for each in (whole["Deployment", name], base["Deployment"]))
    (container,), (their_container,) = pod["containers"], theirs["containers"]
    own = {"image", "imagePullPolicy", "envFrom", "name"}

    assert {key: value for key, value in container.items() if key not in own} == {
        key: value for key, value in their_container.items() if key not in own
    }
    assert container["image"].endswith(":0.1.0")
    for key in (
        "securityContext",
        "automountServiceAccountToken",
        "enableServiceLinks",
        "terminationGracePeriodSeconds",
        "volumes",
    ):
        assert pod[key] == theirs[key]


@pytest.mark.parametrize("name", ["gw-bulk-update-gateway", "gw-bulk-update-gateway-jobs"])
def test_each_pod_has_the_files_that_settings_name(name: str) -> None:
    asked = {"files.configMap": "gateway-files", "jobs.enabled": "true", "settings.GATEWAY_CORE_AUTH": "none"}
    pod = rendered(**asked)["Deployment", name]["spec"]["template"]["spec"]

    assert {"name": "files", "configMap": {"name": "gateway-files"}} in pod["volumes"]
    assert {"name": "files", "mountPath": "/etc/gateway", "readOnly": True} in pod["containers"][0]["volumeMounts"]


def test_the_settings_start_the_service(whole: Any, tmp_path: Path) -> None:
    environment = dict(whole["ConfigMap", "gw-bulk-update-gateway"]["data"])
    for name in [name for name in environment if name.endswith("_FILE")]:
        secret = tmp_path / name
        secret.write_text("redis://redis:6379/0")
        environment[name] = str(secret)

    assert list(unknown_variables(environment)) == []
    assert load(environment).access.required_role == "actions:write"


def test_the_rules_are_given_as_they_are_tested(whole: Any) -> None:
    rules = yaml.safe_load((CHART / "files" / "alerts.yml").read_text(encoding="utf-8"))

    assert whole["PrometheusRule", "gw-bulk-update-gateway"]["spec"] == rules


@pytest.mark.parametrize("value", ["prometheusRule.guidesUrl", "settings.GATEWAY_GUIDES_URL"])
def test_the_alerts_lead_to_where_the_guides_are_served(value: str) -> None:
    made = rendered(**{"prometheusRule.enabled": "true", value: "https://guides.mine.net/"})
    groups = made["PrometheusRule", "gw-bulk-update-gateway"]["spec"]["groups"]
    urls = {rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"] if "alert" in rule}

    assert {url.rpartition("#")[0] for url in urls} == {"https://guides.mine.net/runbook.html"}


def test_without_redis_there_is_one_pod(whole: Any) -> None:
    alone = rendered(**{"redis.enabled": "false"})

    assert alone["Deployment", "gw-bulk-update-gateway"]["spec"]["replicas"] == 1
    assert ("HorizontalPodAutoscaler", "gw-bulk-update-gateway") not in alone
    assert "GATEWAY_REDIS_URL_FILE" not in alone["ConfigMap", "gw-bulk-update-gateway"]["data"]


def test_a_route_of_the_gateway_api_takes_the_place_of_an_ingress() -> None:
    route = rendered(**{"httpRoute.enabled": "true", "httpRoute.parentRefs[0].name": "public"})[
        "HTTPRoute", "gw-bulk-update-gateway"
    ]

    assert route["spec"]["parentRefs"] == [{"name": "public"}]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "gw-bulk-update-gateway", "port": 80}]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"settings.GATEWAY_CORE_URL": ""}, "settings.GATEWAY_CORE_URL: must be set"),
        ({"settings.GATEWAY_WORKERS": "4"}, "settings.GATEWAY_WORKERS: the chart sets it"),
        ({"jobs.enabled": "true"}, "GATEWAY_CORE_AUTH other than forward"),
        ({"jobs.enabled": "true", "redis.enabled": "false"}, "jobs.enabled: needs redis.enabled"),
        ({"ingress.enabled": "true", "httpRoute.enabled": "true"}, "choose one"),
        ({"httpRoute.enabled": "true"}, "httpRoute.parentRefs"),
        ({"replicaCount": "3"}, "replicaCount"),
    ],
)  # fmt: skip
def test_what_would_not_work_is_refused_with_its_reason(values: dict[str, str], told: str) -> None:
    refused = helm("template", "gw", str(CHART), "--kube-version", NEWEST, **values)

    assert refused.returncode != 0
    assert told in refused.stderr
