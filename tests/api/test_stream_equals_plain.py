"""Over any core, plain answer, stream and replay say the same of each item, and it is what the core did."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legacy_client import errors as core
from tests.doubles.service import Service

# What the core does with a call → code and outcome of its item; None where it is updated.
FATES = {
    "updates": (None, None, None),
    "knows none": (core.NotFound(404), "not_found", "not_applied"),
    "rejects": (core.Rejected(422, errors={"due_at": ["late"]}), "rejected", "not_applied"),
    "conflicts": (core.Conflict(409, message="locked"), "conflict", "not_applied"),
    "is busy": (core.Busy(503, retry_after=2), "core_busy", "not_applied"),
    "fails": (core.ServerFailed(500), "core_error", "unknown"),
    "breaks off": (core.BrokenOff(), "core_broke_off", "unknown"),
    "is silent": (core.TimedOut(), "core_timeout", "unknown"),
    "is not there": (core.Unreachable(), "core_unreachable", "not_sent"),
    "is not asked": (core.Stopped("deadline"), "deadline", "not_sent"),
}
STREAM = {"Accept": "application/x-ndjson"}
BATCHES = st.lists(st.sampled_from(sorted(FATES)), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("state"), {"GATEWAY_UNSENT_RATE_LIMIT": ""})
    yield service
    service.close()


def told_plain(service, batch, **headers):
    """Of each item by id: the action or the error."""
    document = service.patch(*batch, **headers).get_json()
    return {one["actionId"]: one for one in [*document.get("data", []), *document.get("errors", [])]}


def told_by_lines(service, batch, **headers):
    answer = service.patch(*batch, **STREAM, **headers)
    first, *items, last = map(json.loads, answer.text.splitlines())
    answer.close()
    told = {(line.get("action") or line["error"])["actionId"]: line.get("action") or line["error"] for line in items}
    assert first["total"] == len(items) == len(told)
    return told, last


def expected(batch, fates):
    return {
        item["actionId"]: {"actionId": item["actionId"], "status": "active"} if fate == "updates" else FATES[fate][1:]
        for item, fate in zip(batch, fates, strict=True)
    }


def seen(told):
    return {name: (one["code"], one["outcome"]) if "code" in one else one for name, one in told.items()}


numbers = iter(range(1, 1_000_000))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=BATCHES, streams_first=st.booleans())
def test_each_item_has_one_fate_in_every_form(service, fates, streams_first):
    batch = [{"actionId": str(n), "status": "active"} for n in range(1, len(fates) + 1)]
    service.core.script = {
        item["actionId"]: FATES[fate][0] for item, fate in zip(batch, fates, strict=True) if fate != "updates"
    }
    ledger = expected(batch, fates)
    key = {"Idempotency_Key": f"key-{next(numbers)}"}

    plain = told_plain(service, batch, **({} if streams_first else key))
    streamed, last = told_by_lines(service, batch, **(key if streams_first else {}))
    # The core stays as it is, so what is sent again ends alike.
    replayed = told_plain(service, batch, **key)
    replayed_as_lines, last_again = told_by_lines(service, batch, **key)

    assert seen(plain) == ledger
    assert streamed == plain
    assert replayed == replayed_as_lines == plain
    assert last["succeeded"] == fates.count("updates")
    assert last["unknown"] == sum(FATES[fate][2] == "unknown" for fate in fates)
    assert last["succeeded"] + last["failed"] + last["unknown"] == len(fates)
    assert last_again == last
