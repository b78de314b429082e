"""A core that names actions by UUIDs, texts or paths has partners who do."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import validate

from gateway.audit.search import Wish
from gateway.audit.search import records as records_in
from gateway.resources.core_map import shipped
from gateway.wiring.audit import audit_sink, audit_trail
from legacy_client.errors import NotFound
from tests.api.test_job_equals_plain import run_due
from tests.doubles.job_partner import Partner
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


def test_a_path_is_carried_by_a_job_its_results_and_the_audit_trail(tmp_path: Path):
    text = shipped().replace('id = "integer"', 'id = "path"\nid_segments = 3')
    (tmp_path / "core.toml").write_text(text, encoding="utf-8")
    environ = {"CORE_MAP": tmp_path / "core.toml", "CORE_AUTH": "none", "AUDIT": "all", "AUDIT_TO": "store"}
    service = Service(tmp_path, {f"GATEWAY_{name}": str(value) for name, value in environ.items()})
    service.core.script["SV/07/000419-R"] = NotFound(404)
    items = [{"actionId": each, "status": "done"} for each in ("SV/07/000418-K", "SV/07/000419-R")]
    partner = Partner(service)
    with closing(service):
        job = partner.started(items)
        trail = audit_trail(service.settings, lambda work: work())
        run_due(service, trail, text)
        trail.close()

        assert sorted(call.id for call in service.core.calls) == ["SV/07/000418-K", "SV/07/000419-R"]
        told = {line["actionId"]: line.get("error", {}).get("code") for line in partner.lines(job) if "index" in line}
        assert told == {"SV/07/000418-K": None, "SV/07/000419-R": "not_found"}
    with closing(audit_sink(service.settings)) as sink:
        assert {(record["id"], record["code"]) for record in records_in(sink, Wish())} == {
            ("SV/07/000418-K", "ok"),
            ("SV/07/000419-R", "not_found"),
        }
