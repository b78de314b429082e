"""The map of the core is that of the settings, and a map that is none stops the start."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from gateway.api.routes import RESOURCES
from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.resources.core_map import shipped
from gateway.settings import SettingsError, load
from gateway.wiring.resources import demand_granted, made
from legacy_client.operations import Operation
from tests.doubles.service import ENVIRON
from tests.e2e.documents.resource import documents

if TYPE_CHECKING:
    from pathlib import Path


def settings_with(path: Path | None = None):
    return load({**ENVIRON, **({} if path is None else {"GATEWAY_CORE_MAP": str(path)})})


def resources(path: Path | None = None):
    return made(settings_with(path), (*RESOURCES, documents), lambda: None)


def actions_of(served):
    [actions] = [resource for resource in served if resource.plural == "actions"]
    return actions


def test_without_a_map_the_core_is_that_of_the_contract():
    served = resources()

    assert actions_of(served).translation.to_legacy({"status": "done"}) == {"state": 4}
    assert len(served) == len(RESOURCES) + 1
    assert served[-1].plural == "documents"


def test_the_map_of_the_settings_is_spoken(tmp_path: Path):
    path = tmp_path / "core.toml"
    path.write_text(shipped().replace('to = "state"', 'to = "zustand"'), encoding="utf-8")

    assert actions_of(resources(path)).translation.to_legacy({"status": "done"}) == {"zustand": 4}


@pytest.mark.parametrize(
    ("data", "reason"), [(b"[core]\n", "update is missing"), (b"\xff", "must be UTF-8; byte 1 is not")]
)
def test_a_map_that_is_spoilt_after_the_settings_were_read_stops_the_start_and_its_place_is_told(
    tmp_path: Path, data: bytes, reason: str
):
    path = tmp_path / "core.toml"
    path.write_text(shipped(), encoding="utf-8")
    settings = settings_with(path)
    path.write_bytes(data)

    with pytest.raises(SettingsError) as refused:
        made(settings, RESOURCES, lambda: None)
    assert str(refused.value).startswith(f"GATEWAY_CORE_MAP: {path}: {reason}")


def test_a_fixed_header_that_tells_the_time_left_stops_the_start(tmp_path: Path):
    path = tmp_path / "core.toml"
    path.write_text(shipped().replace("{Accept = ", '{x-request-timeout-ms = "7", Accept = '), encoding="utf-8")

    with pytest.raises(SettingsError) as refused:
        resources(path)
    assert str(refused.value) == (
        "GATEWAY_CORE_MAP: update.headers.x-request-timeout-ms must not be the header of GATEWAY_CORE_DEADLINE_HEADER"
    )


def test_a_fixed_header_of_a_resource_without_a_map_is_told_without_blaming_the_map():
    def with_header(*given):
        resource = documents(*given)
        own = (("X-Request-Timeout-Ms", "7"),)
        operation = Operation("PATCH", resource.operation.write, resource.operation.expected_id, own)
        return dataclasses.replace(resource, operation=operation)

    with pytest.raises(SettingsError) as refused:
        made(settings_with(), (*RESOURCES, with_header), lambda: None)
    assert str(refused.value) == (
        "/openapi/api/v1/documents: header X-Request-Timeout-Ms must not be the header of GATEWAY_CORE_DEADLINE_HEADER"
    )


def test_a_resource_that_nobody_could_update_stops_the_start():
    served = resources()
    demand_granted(served, [API_KEY, KEYCLOAK])

    with pytest.raises(SettingsError) as refused:
        demand_granted(served, [API_KEY])
    assert str(refused.value) == (
        "/openapi/api/v1/actions: no way to be known grants 'BULK_UPDATE', which updates of actions need"
    )
