"""The compose stack, as far as it can be read without running it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.keycloak.distribution import VERSION
from gateway import keys
from gateway.jobs.availability import carries_no_job
from gateway.settings import load, unknown_variables
from gateway.wiring.jobs import ALIVE_FILE

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "compose"
TEXT = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]


def _list(service: dict[str, Any], name: str) -> list[str]:
    return list(service.get(name, []))


def test_the_gateways_variables_are_settings_and_together_they_start_it() -> None:
    environment = SERVICES["gateway"]["environment"]

    assert list(unknown_variables(environment)) == []
    assert load(environment).access.keycloak_issuer == ("http://localhost:8080/realms/partners",)


def test_the_stack_has_time_to_drain() -> None:
    settings = load(SERVICES["gateway"]["environment"])

    assert int(SERVICES["gateway"]["stop_grace_period"].removesuffix("s")) > settings.budgets.graceful_timeout + 1


@pytest.mark.parametrize("name", [*SERVICES])
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in _list(SERVICES[name], "ports"))


@pytest.mark.parametrize("name", [*SERVICES])
def test_what_a_service_waits_for_exists_and_does_not_wait_for_it(name: str) -> None:
    seen: list[str] = []
    waiting = [name]
    while waiting:
        seen.append(waiting.pop())
        waiting += _list(SERVICES[seen[-1]], "depends_on")
        assert name not in waiting


@pytest.mark.parametrize("name", [*SERVICES])
def test_what_is_mounted_exists(name: str) -> None:
    sources = [volume.split(":")[0] for volume in _list(SERVICES[name], "volumes")]

    assert [source for source in sources if source.startswith(".") and not (FOLDER / source).exists()] == []


@pytest.mark.parametrize("name", [*SERVICES])
def test_each_image_is_pinned(name: str) -> None:
    assert not SERVICES[name]["image"].endswith(":latest")
    assert ":" in SERVICES[name]["image"]


def test_the_token_of_the_header_is_asked_of_a_client_of_the_realm_that_may_write() -> None:
    realm = json.loads((ROOT / "deploy" / "keycloak" / "realm.json").read_text(encoding="utf-8"))
    clients = {client["clientId"]: client.get("secret") for client in realm["clients"]}
    [(realm_name, client, secret)] = re.findall(r"/realms/(\w+)/.* client_id=(\S+) .*client_secret=(\S+)", TEXT)
    [account] = [user for user in realm["users"] if user.get("serviceAccountClientId") == client]

    assert realm_name == realm["realm"]
    assert clients[client] == secret
    assert SERVICES["gateway"]["environment"]["GATEWAY_REQUIRED_ROLE"] in account["clientRoles"]["bulk-update-gateway"]


def test_the_api_key_of_the_header_is_made_by_a_command_that_there_is() -> None:
    [arguments] = re.findall(r"python -m gateway\.keys (.*)", TEXT)

    assert keys._parser().parse_args(shlex.split(arguments)).command


def test_keycloak_is_the_version_that_the_tests_run() -> None:
    assert VERSION.startswith(SERVICES["keycloak"]["image"].rpartition(":")[2])


def test_job_workers_have_the_gateways_settings_and_its_few_rights() -> None:
    gateway, jobs = SERVICES["gateway"], SERVICES["jobs"]

    assert jobs["command"] == "python -m gateway.jobs"
    assert jobs["environment"] == gateway["environment"] | {"GATEWAY_JOB_DISPATCH": "celery"}
    assert {name: jobs[name] for name in ("volumes", "read_only", "cap_drop", "security_opt")} == {
        name: gateway[name] for name in ("volumes", "read_only", "cap_drop", "security_opt")
    }
    assert jobs["stop_grace_period"] == "60s"


def test_job_workers_start_since_the_core_is_called_with_a_token_that_the_realm_gives_the_gateway() -> None:
    realm = json.loads((ROOT / "deploy" / "keycloak" / "realm.json").read_text(encoding="utf-8"))
    [client] = [client for client in realm["clients"] if client["clientId"] == "gateway"]
    core = load(SERVICES["jobs"]["environment"]).core

    assert carries_no_job(core.core_auth) == ""
    assert (core.core_auth, core.core_client_id) == ("client_credentials", client["clientId"])
    assert (core.core_client_secret, client["serviceAccountsEnabled"]) == (client["secret"], True)


def test_job_workers_run_by_celery_have_an_image_with_it() -> None:
    built = SERVICES["jobs"]["build"]
    images = {name: service["image"] for name, service in SERVICES.items() if service.get("build") == built}

    assert load(SERVICES["jobs"]["environment"]).jobs.job_dispatch == "celery"
    assert images == {"jobs": "bulk-update-gateway:0.1.0-jobs"}
    assert "celery" in locked(built["args"]["EXTRAS"])


def test_the_image_is_built_from_the_lock_file_that_its_argument_names() -> None:
    text = re.split("(?=^FROM )", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    [usual] = re.findall(r"^ARG EXTRAS=(\w+)$", text, re.MULTILINE)
    [copied] = re.findall(r"^COPY (deploy/lock/\S+) ", text, re.MULTILINE)

    assert copied == "deploy/lock/${EXTRAS}.txt"
    # An argument holds in the stage that names it.
    assert text.index("FROM") < text.index("ARG EXTRAS") < text.index(copied)
    assert "celery" not in locked(usual)
    assert "opentelemetry-sdk" in locked(usual) & locked("jobs")


def locked(extras: str) -> set[str]:
    """The packages of a lock file."""
    text = (ROOT / "deploy" / "lock" / f"{extras}.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def test_job_workers_are_well_while_they_touch_their_file() -> None:
    state = load(SERVICES["jobs"]["environment"] | {"GATEWAY_STATE_DIR": "/var/lib/gateway"}).stores.state_dir

    assert f"'{state}/{ALIVE_FILE}'" in SERVICES["jobs"]["healthcheck"]["test"][-1]
    assert f"state:{state}" in SERVICES["jobs"]["volumes"]


def test_the_redis_of_jobs_evicts_nothing_and_outlives_its_restart() -> None:
    command = SERVICES["redis"]["command"]

    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes --appendfsync everysec" in command
    # Keys and rates have the other half.
    assert "--maxmemory 256mb" in command
    assert int(SERVICES["jobs"]["environment"]["GATEWAY_JOB_STORE_BYTES"]) == 128 * 1024 * 1024
