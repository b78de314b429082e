"""The Kubernetes base and its overlays, as kustomize builds them, and the program of a probe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import kubernetes_validate
import pytest
import yaml

from gateway.wiring.jobs import ALIVE_FILE
from tests.doubles.manifests import BASE, FOLDER, JOBS, NEWEST, OVERLAY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_the_example_overlay_builds_into_valid_resources() -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", str(OVERLAY)], capture_output=True, text=True, check=True, timeout=60
    )
    resources = [*yaml.safe_load_all(built.stdout)]

    assert {resource["kind"] for resource in resources} == {*BASE, "ConfigMap"}
    for resource in resources:
        kubernetes_validate.validate(resource, NEWEST, strict=True)
        assert resource["metadata"]["namespace"] == "gateway"
    deployments = [resource for resource in resources if resource["kind"] == "Deployment"]
    assert len(deployments) == 2
    for deployment in deployments:
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        (source,) = container["envFrom"]
        assert source["configMapRef"]["name"].startswith("gateway-settings-")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_with_the_component_the_pods_read_the_api_keys_of_the_secret(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    overlay = tmp_path / "kubernetes" / "overlays" / "example"
    with (overlay / "kustomization.yaml").open("a", encoding="utf-8") as kustomization:
        kustomization.write("components:\n  - ../../components/api-keys\n")

    built = subprocess.run(
        ["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True, timeout=60
    )
    resources = {
        resource["kind"]: resource
        for resource in yaml.safe_load_all(built.stdout)
        if resource["metadata"]["name"] != "bulk-update-jobs"
    }

    kubernetes_validate.validate(resources["Deployment"], NEWEST, strict=True)
    pod = resources["Deployment"]["spec"]["template"]["spec"]
    folders = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert folders.keys() == {"state", "secrets", "api-keys"}
    assert resources["ConfigMap"]["data"]["GATEWAY_API_KEYS_FILE"] == f"{folders['api-keys']}/api-keys.json"
    assert [volume["secret"]["secretName"] for volume in pod["volumes"] if volume["name"] == "api-keys"] == [
        "gateway-api-keys"
    ]


@pytest.mark.parametrize(("age", "code"), [(1, 0), (100, 1)])
def test_the_probe_tells_a_silent_job_worker_from_one_that_lives(tmp_path: Path, age: int, code: int) -> None:
    (container,) = JOBS["Deployment"]["spec"]["template"]["spec"]["containers"]
    program = container["livenessProbe"]["exec"]["command"][-1]
    alive = tmp_path / ALIVE_FILE
    alive.touch()
    os.utime(alive, (time.time() - age,) * 2)

    asked = subprocess.run([sys.executable, "-c", program.replace("/var/lib/gateway", str(tmp_path))], check=False)

    assert asked.returncode == code
