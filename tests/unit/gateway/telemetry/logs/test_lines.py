from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway.telemetry.details import Unreadable
from gateway.telemetry.events import InvalidRequest
from gateway.telemetry.logs.lines import Lines
from gateway.telemetry.logs.names import REQUEST_FIELDS
from legacy_client.call_context import Waits
from tests.doubles.telemetry import a_batch, a_mixed_batch, a_request

STANDARD = set(vars(logging.makeLogRecord({})))


@pytest.fixture(autouse=True)
def _everything_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gateway")


def _lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    fields = [
        {name: value for name, value in vars(record).items() if name not in STANDARD | {"message"}}
        for record in caplog.records
    ]
    return [(record.message, extra) for record, extra in zip(caplog.records, fields, strict=True)]


def test_a_request_is_one_line_with_its_access_facts_and_its_batch(caplog: pytest.LogCaptureFixture) -> None:
    batch = a_mixed_batch(waits=Waits(turns=0.001, answers=0.0125, repeats=0.002))
    request = a_request(status=207, principal_id="p1", received_bytes=900, sent_bytes=400, batch=batch)

    Lines().request_ended(request)

    assert _lines(caplog) == [
        (
            "request_ended",
            {
                "method": "PATCH",
                "route": "/openapi/api/v1/actions",
                "status": 207,
                "seconds": 0.03,
                "request_id": "01JREQ",
                "principal_id": "p1",
                "received_bytes": 900,
                "sent_bytes": 400,
                "kind": "sync",
                "items": 3,
                "succeeded": 2,
                "failed": 1,
                "codes": "not_found:1",
                "batch_seconds": 0.02,
                "turn_seconds": 0.001,
                "core_seconds": 0.0125,
                "repeat_seconds": 0.002,
            },
        )
    ]


def test_a_refusal_names_its_problem(caplog: pytest.LogCaptureFixture) -> None:
    Lines().request_ended(a_request(status=422, problem="idempotency-key-reused", replay="replayed"))

    (_, fields), *_ = _lines(caplog)
    assert (fields["problem"], fields["replay"]) == ("idempotency-key-reused", "replayed")


def test_an_invalid_request_names_codes_fields_and_the_first_invalid_item(caplog: pytest.LogCaptureFixture) -> None:
    invalid = InvalidRequest(errors=3, codes={"required": 1, "invalid_choice": 2}, fields={"status": 3}, index=7)

    Lines().request_ended(a_request(status=400, problem="validation-failed", invalid=invalid))

    (_, fields), *_ = _lines(caplog)
    assert fields["validation_errors"] == 3
    assert fields["validation_codes"] == "invalid_choice:2,required:1"
    assert fields["validation_fields"] == "status:3"
    assert fields["first_invalid_index"] == 7


def test_of_many_invalid_fields_the_most_frequent_are_named(caplog: pytest.LogCaptureFixture) -> None:
    fields = {f"field{number}": 1 for number in range(50)} | {"status": 9}

    Lines().request_ended(a_request(status=400, invalid=InvalidRequest(errors=59, codes={}, fields=fields)))

    (_, told), *_ = _lines(caplog)
    assert told["validation_fields"].count(",") == 19
    assert "status:9" in told["validation_fields"]
    assert "first_invalid_index" not in told


def test_every_field_of_the_line_is_in_the_reference(caplog: pytest.LogCaptureFixture) -> None:
    invalid = InvalidRequest(errors=1, codes={"required": 1}, fields={"status": 1}, index=0)
    words = {
        "principal_id": "p1",
        "partner": "acme",
        "key_fingerprint": "5d7f",
        "job": "J1",
        "problem": "x",
        "policy": "items",
    }

    Lines().request_ended(a_request(invalid=invalid, replay="resumed", batch=a_mixed_batch(), **words))

    (_, fields), *_ = _lines(caplog)
    assert list(fields) == list(REQUEST_FIELDS)


@pytest.mark.parametrize(
    ("route", "status", "level"),
    [
        ("/openapi/api/v1/actions", 200, logging.INFO),
        ("/openapi/api/v1/actions", 429, logging.INFO),
        ("/openapi/api/v1/actions", 502, logging.WARNING),
        ("/livez", 200, logging.DEBUG),
        ("/readyz", 503, logging.WARNING),
    ],
)
def test_the_level_says_whether_to_look(caplog: pytest.LogCaptureFixture, route: str, status: int, level: int) -> None:
    Lines().request_ended(a_request(route=route, status=status))

    assert [record.levelno for record in caplog.records] == [level]


def test_each_failed_item_of_the_details_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    Lines().batch_ended(a_mixed_batch())

    assert _lines(caplog) == [
        ("item_failed", {"index": 1, "item_id": "19354", "code": "not_found", "outcome": "not_applied"})
    ]


def test_a_failed_item_says_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    Lines().batch_ended(a_mixed_batch(principal_id="partners:crm:5f0c", partner="acme"))

    [(_, fields)] = _lines(caplog)
    assert (fields["principal_id"], fields["partner"]) == ("partners:crm:5f0c", "acme")


def test_unreadable_fields_are_one_line_for_a_batch(caplog: pytest.LogCaptureFixture) -> None:
    unreadable = Unreadable()
    unreadable.add("7", ["status"])
    unreadable.add("8", ["status", "inputFields.3.type"])

    Lines().batch_ended(a_batch(unreadable=unreadable))

    fields = {"answers": 2, "fields": "inputFields.type:1,status:2", "item_id": "7"}
    assert _lines(caplog) == [("core_fields_unreadable", fields)]
