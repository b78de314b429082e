"""What an operator says of a partner holds for its requests: rate, share, blocked, dry runs only, allowed partners."""

from __future__ import annotations

import re

import pytest

from gateway.settings import SettingsError
from tests.doubles.service import assert_problem

A = {"actionId": "1", "status": "active"}
MINE, OTHERS = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1aff"
PUT = f"/integrations/v1/{MINE}/actions/{OTHERS}"
JOBS = "/openapi/api/v1/jobs"
GOOD = {"Authorization": "Bearer good"}


@pytest.fixture
def make_partner(make_service, tmp_path):
    def make(said, principals=("partners:alice", "key:1"), **settings):
        file = tmp_path / "partners.toml"
        names = ", ".join(f'"{name}"' for name in principals)
        file.write_text(f"[acme]\nprincipals = [{names}]\n{said}\n")
        return make_service(partners_file=file, core_auth="none", **settings)

    return make


def test_a_blocked_partner_is_told_why_on_every_path_and_nothing_is_sent(make_partner):
    service = make_partner('blocked = "Your contract has ended; call us."')

    refused = [
        service.patch(A),
        service.patch(A, query="?dry_run=true"),
        service.client.put(PUT, json={"name": "x"}, headers={"Authorization": "Bearer key_1"}),
        service.client.post(JOBS, headers=GOOD),
        service.client.get("/openapi/api/v1/limits", headers=GOOD),
    ]

    for each in refused:
        assert assert_problem(each, 403, "partner-blocked")["detail"] == "Your contract has ended; call us."
    assert service.core.calls == []


def test_a_partner_that_may_only_rehearse_looks_and_rehearses(make_partner):
    service = make_partner("dry_run_only = true")

    assert service.patch(A, query="?dry_run=true").status_code == 200
    assert service.client.get("/openapi/api/v1/limits", headers=GOOD).status_code == 200
    for refused in (
        service.patch(A),
        service.patch(A, query="?dry_run=false"),
        service.client.put(PUT, json={"name": "x"}, headers={"Authorization": "Bearer key_1"}),
        service.client.post(JOBS, headers=GOOD),
    ):
        assert_problem(refused, 403, "dry-run-only")
    assert service.core.calls == []


def test_who_is_no_partner_of_the_file_is_served_as_before(make_partner):
    service = make_partner('blocked = "no"', principals=["partners:bob"])

    assert service.patch(A).status_code == 200
    assert service.core.contexts[0].caller == "partners:alice"
    assert service.core.contexts[0].most_in_flight == 0


def test_a_rate_is_that_of_all_callers_of_the_partner_together_and_is_told(make_partner):
    service = make_partner('rate = "2/minute"', principals=["partners:*"], rate_limit="100/minute")
    assert service.patch(A).status_code == 200
    service.allow(id="partners:bob")
    assert service.patch(A).status_code == 200

    assert_problem(service.patch(A), 429, "quota-exceeded")
    told = service.client.get("/openapi/api/v1/limits", headers=GOOD).get_json()["actions"]["rate"]
    assert told == {"unit": "items", "limit": 2, "seconds": 60}


@pytest.mark.parametrize(("share", "calls"), [("50", 8), ("1", 1), ("100", 16)])
def test_a_share_bounds_the_calls_of_all_its_batches_at_once(make_partner, share, calls):
    service = make_partner(f"share = {share}", core_concurrency="16")
    service.patch(A)

    [context] = service.core.contexts
    assert (context.caller, context.most_in_flight) == ("acme", calls)


def test_a_partner_may_name_the_partners_that_it_is_allowed(make_partner):
    service = make_partner(f'partners = ["{MINE}"]')

    assert service.patch({"actionId": "1", "partner_ids": [MINE]}).status_code == 200
    [error] = assert_problem(service.patch({"actionId": "1", "partner_ids": [OTHERS]}), 400, "validation-failed")[
        "errors"
    ]
    assert error["field"] == "partner_ids.0"


def test_numbers_are_shown_by_partner_and_all_others_together(make_partner, caplog):
    caplog.set_level("INFO")
    service = make_partner("share = 100")
    service.patch(A)
    service.allow(id="partners:bob")
    service.patch(A)
    service.patch(A, Authorization="Bearer bad")

    shown = service.client.get("/metrics").text

    assert dict(re.findall(r'gateway_partner_requests_total\{partner="(\w+)",status="200"\} ([\d.]+)', shown)) == {
        "acme": "1.0",
        "other": "1.0",
    }
    assert 'gateway_partner_items_total{code="ok",outcome="applied",partner="acme"} 1.0' in shown
    lines = [record for record in caplog.records if record.message == "request_ended"]
    assert [getattr(line, "partner", "") for line in lines[:3]] == ["acme", "other", ""]


def test_without_a_file_no_number_is_shown_by_partner(service):
    service.patch(A)

    assert "gateway_partner_requests_total{" not in service.client.get("/metrics").text


def test_a_file_that_is_wrong_stops_the_start_with_its_place(make_service, tmp_path):
    (tmp_path / "partners.toml").write_text("[acme]\n")

    with pytest.raises(SettingsError, match="GATEWAY_PARTNERS_FILE: must be a file of partners"):
        make_service(partners_file=tmp_path / "partners.toml")
