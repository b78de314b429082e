"""The manifests are valid Kubernetes, and fit the service that they run."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from gateway.jobs.availability import carries_no_job
from gateway.settings import load, unknown_variables
from gateway.telemetry.metrics.table import METRICS
from gateway.wiring.jobs import ALIVE_FILE
from tests.doubles.manifests import BASE, FOLDER, JOBS, NEWEST, OLDEST, OVERLAY, documents

if TYPE_CHECKING:
    from pathlib import Path


def _environment(*files: Path) -> dict[str, str]:
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return dict(line.split("=", 1) for line in lines if line)


POD = BASE["Deployment"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
ENVIRONMENT = _environment(FOLDER / "base" / "settings.env", OVERLAY / "settings.env")


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    secret = tmp_path / "redis-url"
    secret.write_text("redis://redis:6379/0")
    core_secret = tmp_path / "core-client-secret"
    core_secret.write_text("a secret")
    files = {"GATEWAY_REDIS_URL_FILE": str(secret), "GATEWAY_CORE_CLIENT_SECRET_FILE": str(core_secret)}
    return load(ENVIRONMENT | files)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("kind", [*BASE])
def test_each_resource_is_what_its_schema_says_with_no_unknown_field(kind: str, version: str) -> None:
    kubernetes_validate.validate(BASE[kind], version, strict=True)


def test_without_the_component_a_pod_waits_for_no_api_keys() -> None:
    assert "GATEWAY_API_KEYS_FILE" not in ENVIRONMENT
    assert {volume["name"] for volume in POD["volumes"]} == {"state", "secrets"}


def test_a_token_without_the_role_may_not_write(settings: Any) -> None:
    assert settings.access.required_role == "actions:write"


@pytest.mark.parametrize("folder", [FOLDER / "base", OVERLAY], ids=lambda folder: folder.name)
def test_traces_may_leave_for_the_collector_of_the_monitoring_alone(folder: Path) -> None:
    (policy,) = documents(folder / "network.yaml")
    (to_collector,) = (rule for rule in policy["spec"]["egress"] if {"port": 4318} in rule["ports"])

    assert [*to_collector["to"][0]["namespaceSelector"]["matchLabels"].values()] == ["monitoring"]


def test_every_command_of_the_page_names_the_namespace_of_the_example() -> None:
    page = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"kubectl (?!create namespace|apply)([^`|\n]+)", page)

    assert len(commands) >= 3
    assert [command for command in commands if not command.startswith("--namespace gateway ")] == []


def test_every_variable_is_a_setting_and_together_they_start_the_service(settings: Any) -> None:
    assert list(unknown_variables(ENVIRONMENT)) == []
    assert settings.service.metrics == "port"


def test_a_stopping_pod_has_the_time_to_drain(settings: Any) -> None:
    before = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]

    # gunicorn kills a second after the grace time; five more to exit.
    assert POD["terminationGracePeriodSeconds"] >= before + settings.budgets.graceful_timeout + 1 + 5


def test_no_pod_goes_before_its_successor_is_ready() -> None:
    assert BASE["Deployment"]["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert BASE["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    assert BASE["HorizontalPodAutoscaler"]["spec"]["minReplicas"] >= 2
    assert "replicas" not in BASE["Deployment"]["spec"]


@pytest.mark.parametrize(
    ("probe", "path"), [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
)
def test_each_probe_asks_its_own_question(probe: str, path: str) -> None:
    assert CONTAINER[probe]["httpGet"] == {"path": path, "port": "http"}


def test_ports_are_those_that_the_service_binds(settings: Any) -> None:
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}

    assert settings.service.bind == f"0.0.0.0:{ports['http']}"
    assert (settings.service.metrics_bind, settings.service.metrics_port) == ("0.0.0.0", ports["metrics"])
    annotations = BASE["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(ports["metrics"])


def test_the_container_can_do_no_more_than_it_needs() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_the_service_writes_is_on_a_volume(settings: Any) -> None:
    mounts = {mount["mountPath"]: mount for mount in CONTAINER["volumeMounts"]}

    assert "readOnly" not in mounts[str(settings.stores.state_dir)]
    assert mounts["/run/secrets/gateway"]["readOnly"] is True
    assert ENVIRONMENT["GATEWAY_REDIS_URL_FILE"].startswith("/run/secrets/gateway/")


def test_no_service_can_inject_variables_that_look_like_settings() -> None:
    assert POD["enableServiceLinks"] is False
    assert not BASE["Service"]["metadata"]["name"].startswith("gateway")


def test_the_network_policy_closes_both_directions_and_opens_the_metrics_to_monitoring_alone() -> None:
    spec = BASE["NetworkPolicy"]["spec"]
    (to_metrics,) = (rule for rule in spec["ingress"] if {"port": "metrics"} in rule["ports"])

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "bulk-update-gateway"}
    assert [*to_metrics["from"][0]["namespaceSelector"]["matchLabels"].values()] == ["monitoring"]


def test_no_secret_is_in_the_repository() -> None:
    assert "Secret" not in BASE
    assert not [name for name in ENVIRONMENT if "SECRET" in name and not name.endswith("_FILE")]


JOB_POD = JOBS["Deployment"]["spec"]["template"]["spec"]
(JOB_CONTAINER,) = JOB_POD["containers"]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("kind", [*JOBS])
def test_each_resource_of_the_job_workers_is_what_its_schema_says(kind: str, version: str) -> None:
    kubernetes_validate.validate(JOBS[kind], version, strict=True)


def test_the_base_has_the_job_workers_and_all_of_them_are_of_one_name() -> None:
    kustomization = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text(encoding="utf-8"))

    assert "jobs.yaml" in kustomization["resources"]
    assert {resource["metadata"]["name"] for resource in JOBS.values()} == {"bulk-update-jobs"}
    assert JOBS["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == "bulk-update-jobs"


def test_job_workers_run_the_gateways_image_with_its_settings_and_no_more_rights() -> None:
    assert JOB_CONTAINER["image"] == CONTAINER["image"]
    assert JOB_CONTAINER["envFrom"] == CONTAINER["envFrom"]
    assert JOB_CONTAINER["securityContext"] == CONTAINER["securityContext"]
    assert JOB_POD["securityContext"] == POD["securityContext"]
    assert JOB_POD["automountServiceAccountToken"] is False
    assert JOB_POD["enableServiceLinks"] is False


def test_job_workers_start_with_the_settings_of_the_base_and_the_overlay(settings: Any) -> None:
    assert carries_no_job(settings.core.core_auth) == ""


def test_the_command_that_makes_the_secret_has_each_item_that_a_setting_names() -> None:
    page = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"create secret generic gateway-secrets (.*)", page)
    folder = "/run/secrets/gateway/"
    named = {value.removeprefix(folder) for value in ENVIRONMENT.values() if value.startswith(folder)}

    assert named == {"redis-url", "core-client-secret"}
    assert [{*re.findall(r"--from-literal=([^=]+)=", command)} for command in commands] == [named, named]


def test_job_workers_do_not_wait_for_api_keys_which_they_never_read() -> None:
    assert JOB_CONTAINER["env"] == [{"name": "GATEWAY_API_KEYS_FILE", "value": ""}]


def test_the_command_of_the_job_workers_is_one_that_there_is() -> None:
    python, flag, module = JOB_CONTAINER["command"]

    assert (python, flag) == ("python", "-m")
    assert find_spec(f"{module}.__main__") is not None


def test_a_stopping_job_worker_has_the_time_to_give_its_chunk_back() -> None:
    assert JOB_POD["terminationGracePeriodSeconds"] == 60
    assert JOBS["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_job_workers_grow_with_the_chunks_that_are_due_by_a_metric_that_there_is() -> None:
    spec = JOBS["HorizontalPodAutoscaler"]["spec"]
    (metric,) = spec["metrics"]
    page = (FOLDER.parent / "README.md").read_text(encoding="utf-8")

    assert metric["external"]["metric"] == {
        "name": "gateway_job_chunks",
        "selector": {"matchLabels": {"state": "due"}},
    }
    assert "gateway_job_chunks" in {each.name for each in METRICS}
    assert "max(gateway_job_chunks" in page
    # Without a worker no job is taken.
    assert spec["minReplicas"] >= 1


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe"])
def test_a_job_worker_is_alive_while_it_touches_its_file(probe: str, settings: Any) -> None:
    python, flag, program = JOB_CONTAINER[probe]["exec"]["command"]

    assert (python, flag) == ("python", "-c")
    assert f"'{settings.stores.state_dir}/{ALIVE_FILE}'" in program


@pytest.mark.parametrize("folder", [FOLDER / "base", OVERLAY], ids=lambda folder: folder.name)
def test_nobody_may_talk_to_a_job_worker_and_it_reaches_what_a_gateway_reaches(folder: Path) -> None:
    of_jobs = [each for name in ("jobs.yaml", "jobs-network.yaml") if (folder / name).exists()
               for each in documents(folder / name) if each["kind"] == "NetworkPolicy"]  # fmt: skip
    (of_gateway,) = documents(folder / "network.yaml")

    assert [policy["spec"]["egress"] for policy in of_jobs] == [of_gateway["spec"]["egress"]]
    assert JOBS["NetworkPolicy"]["spec"]["ingress"] == []
