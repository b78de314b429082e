"""What operators are told of requests that validation refused."""

from __future__ import annotations

import pytest

GOOD = {"Authorization": "Bearer good"}
SECRET = "eyJhbGciOi.c2VjcmV0"


@pytest.fixture
def told(caplog):
    caplog.set_level("INFO")

    def line():
        [line] = [vars(record) for record in caplog.records if record.message == "request_ended"]
        return {name: line[name] for name in line if name.startswith(("validation_", "first_"))}

    return line


def _actions(count):
    return [{"actionId": str(number), "status": "active"} for number in range(1, count + 1)]


def test_a_batch_with_one_invalid_word_is_told_by_code_field_and_place(service, told):
    items = _actions(900)
    items[450]["status"] = SECRET

    assert service.patch(*items).status_code == 400

    assert told() == {
        "validation_errors": 1,
        "validation_codes": "invalid_choice:1",
        "validation_fields": "status:1",
        "first_invalid_index": 450,
    }
    assert 'gateway_invalid_requests_total{code="invalid_choice"} 1.0' in service.client.get("/metrics").text


def test_of_many_errors_all_are_counted_and_those_listed_by_code(service, told):
    assert service.patch(*(each | {"status": "x"} for each in _actions(200))).status_code == 400

    assert told() == {
        "validation_errors": 200,
        "validation_codes": "invalid_choice:100",
        "validation_fields": "status:100",
        "first_invalid_index": 0,
    }


@pytest.mark.parametrize(
    ("item", "codes", "fields"),
    [
        ({"actionId": "1", SECRET: "x"}, "unknown_field:1", "?:1"),
        ({"actionId": "1", "title": {SECRET: "x"}}, "unknown_language:1", "title.?:1"),
        ({"actionId": "1"}, "nothing_to_update:1", "item:1"),
        ({"actionId": "1", "partner_ids": ["1", "2"]}, "invalid_uuid:2", "partner_ids:2"),
    ],
)
def test_no_name_is_told_that_a_caller_made_up(service, told, caplog, item, codes, fields):
    assert service.patch(item).status_code == 400

    line = told()
    assert (line["validation_codes"], line["validation_fields"]) == (codes, fields)
    assert not any(part in str(vars(record)) for record in caplog.records for part in SECRET.split("."))


def test_a_body_that_is_no_batch_has_no_first_item(service, told):
    assert service.client.patch("/openapi/api/v1/actions", json={}, headers=GOOD).status_code == 400

    assert told() == {"validation_errors": 1, "validation_codes": "required:1", "validation_fields": "data:1"}


def test_a_refusal_of_another_kind_has_none_of_it(service, told):
    assert service.client.patch("/openapi/api/v1/actions", data="{", headers=GOOD).status_code in (400, 415)

    assert told() == {}
