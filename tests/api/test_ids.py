"""A core that names actions by UUIDs or texts has partners who do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import validate

from gateway.resources.core_map import shipped
from tests.doubles.service import Service, assert_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.fixture
def named(tmp_path: Path) -> Iterator[Callable[[str], Service]]:
    services: list[Service] = []

    def make(kind: str) -> Service:
        path = tmp_path / "core.toml"
        rows = f'id = "{kind}"' if kind != "path" else 'id = "path"\nid_segments = 3'
        path.write_text(shipped().replace('id = "integer"', rows), encoding="utf-8")
        services.append(Service(tmp_path, {"GATEWAY_CORE_MAP": str(path)}))
        return services[-1]

    yield make
    for service in services:
        service.close()


@pytest.mark.parametrize(
    ("kind", "sent", "shown", "refused"),
    [
        ("uuid", UUID.upper(), UUID, "19353"),
        ("text", "ACT-7.b", "ACT-7.b", "a/b"),
        ("digits", "007", "7", UUID),
        ("path", "SV/07/000418-K", "SV/07/000418-K", "SV/07/000418-K/modif"),
        ("path", "SV/07/000418-K", "SV/07/000418-K", "SV/../000418-K"),
        ("path", "SV/07/000418-K", "SV/07/000418-K", "SV//000418-K"),
        ("path", "SV/07/000418-K", "SV/07/000418-K", f"SV/07/{'x' * 59}"),
    ],
)
def test_its_ids_are_taken_and_told_and_others_refused(
    named: Callable[[str], Service], kind: str, sent: str, shown: str, refused: str
):
    service = named(kind)
    service.core.script[shown] = {"id": shown, "state": 4}
    response = service.patch({"actionId": sent, "status": "done"})

    assert response.status_code == 200, response.text
    assert response.get_json() == {"data": [{"actionId": shown, "status": "done"}]}
    assert [call.id for call in service.core.calls] == [shown]
    problem = assert_problem(service.patch({"actionId": refused, "status": "done"}), 400, "validation-failed")
    assert [error["field"] for error in problem["errors"]] == ["actionId"]
    twice = service.patch(*[{"actionId": each, "status": "done"} for each in (sent, shown)])
    assert [error["code"] for error in twice.get_json()["errors"]] == ["duplicate_action_id"]


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("uuid", {"type": "string", "format": "uuid"}),
        (
            "text",
            {"type": "string", "pattern": "^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}$", "minLength": 1, "maxLength": 64},
        ),
        (
            "path",
            {
                "type": "string",
                "pattern": "^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){2}$",
                "minLength": 5,
                "maxLength": 64,
            },
        ),
    ],
)
def test_the_document_says_which_ids_there_are(named: Callable[[str], Service], kind: str, schema: dict[str, object]):
    document = named(kind).client.get("/openapi.json").get_json()

    validate(document)
    told = document["components"]["schemas"]["ActionId"]
    assert {name: told[name] for name in schema} == schema
