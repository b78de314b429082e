"""The core in other dialects: its calls and answers have other words, and mean the same."""

from __future__ import annotations

import orjson
import pytest

from gateway.resources.actions import actions
from sandbox.core.dialects import DIALECTS
from sandbox.core.seed import identifier
from sandbox.stack import MAPS

PARTNER = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"
DOCUMENTS = {"accept": "application/vnd.documents+json", "content_type": "application/merge-patch+json"}
NATIVE = {
    "category": "FORM",
    "type": "TODO",
    "state": 4,
    "title_fr": "Congé",
    "subtitle_en": None,
    "partners": PARTNER,
    "effective_at": 1_704_869_475,
    "due_at": 1_720_594_275,
    "expires_at": None,
}


def journal(core):
    return orjson.loads(core.call("GET", "/_sandbox/journal").body)["data"]


def test_the_rpc_core_takes_its_own_words_and_answers_in_them(make_core):
    core = make_core(dialect=DIALECTS["rpc"]())
    fields = {
        "cat": "F",
        "kind": "todo",
        "status": "DONE",
        "title_fr": "Congé",
        "subtitle_en": None,
        "partners": PARTNER,
        "validFrom": "20240110065115",
        "dueMillis": 1_720_594_275_000,
        "validTo": None,
    }
    answer = core.call("POST", "/rpc/actions/19000/update", {"action": fields}, x_once="k", idempotency_key="other")

    told = orjson.loads(answer.body)
    assert (answer.status, told["ok"], told["result"]["id"]) == (200, True, 19000)
    assert {name: told["result"][name] for name in fields} == fields
    [entry] = journal(core)
    assert (entry["method"], entry["path"], entry["idempotency_key"]) == ("PATCH", "/actions/19000", "k")
    assert entry["body"] == NATIVE


def test_the_nested_core_takes_its_own_words_and_answers_in_them(make_core):
    core = make_core(dialect=DIALECTS["nested"]())
    fields = {
        "class": {"category": {"code": "form"}, "type": {"code": "todo"}},
        "state": {"name": "done"},
        "texts": {"title": {"fr": "Congé"}, "subtitle": {"en": None}},
        "partners": [{"ref": {"id": PARTNER}}],
        "schedule": {"from": "2024-01-10T06:51:15Z", "due": "2024-07-10T08:51:15+02:00", "until": None},
    }
    answer = core.call("PATCH", "/v2/workflow/actions/19000", fields, **DOCUMENTS)

    told = orjson.loads(answer.body)["action"]
    assert told["meta"]["id"] == "19000"
    assert told["schedule"] == {"from": "2024-01-10T07:51:15+01:00", "due": "2024-07-10T08:51:15+02:00", "until": None}
    assert (told["class"], told["state"], told["partners"]) == (fields["class"], fields["state"], fields["partners"])
    [entry] = journal(core)
    assert entry["body"] == NATIVE


@pytest.mark.parametrize(
    ("fault", "code"),
    [("404", 4), ("409", 9), ("rejected", 22), ("401", 31), ("403", 31), ("429", 17), ("503", 17), ("500-after", 99)],
)
def test_the_rpc_core_says_no_in_a_200(make_core, fault, code):
    core = make_core(dialect=DIALECTS["rpc"]())
    answer = core.call("POST", "/rpc/actions/19000/update", {"action": {"status": "DONE"}}, x_sandbox_fault=fault)

    told = orjson.loads(answer.body)
    assert (answer.status, told["ok"], told["error"]["code"]) == (200, False, code)


@pytest.mark.parametrize(("fault", "status"), [("404", 410), ("409", 409), ("503", 423), ("500", 500)])
def test_the_nested_core_says_no_with_statuses_of_its_own(make_core, fault, status):
    core = make_core(dialect=DIALECTS["nested"]())
    answer = core.call("PATCH", "/v2/workflow/actions/19000", {}, **DOCUMENTS, x_sandbox_fault=fault)

    assert answer.status == status
    assert orjson.loads(answer.body)["problem"]["title"]


def test_refused_fields_have_the_names_of_the_dialect(make_core):
    rpc = make_core(dialect=DIALECTS["rpc"]())
    told = rpc.call("POST", "/rpc/actions/90422/update", {"action": {"status": "DONE"}}).body
    assert set(orjson.loads(told)["error"]["fields"]) == {"dueMillis", "status"}
    told = rpc.call("POST", "/rpc/actions/19000/update", {"action": {"validTo": "2024", "colour": 1}}).body
    assert orjson.loads(told)["error"]["fields"] == {"validTo": ["Cannot be read."]}

    nested = make_core(dialect=DIALECTS["nested"]())
    told = nested.call("PATCH", "/v2/workflow/actions/90422", {}, **DOCUMENTS).body
    assert set(orjson.loads(told)["problem"]["violations"]) == {"schedule.due", "state.name"}
    told = nested.call("PATCH", "/v2/workflow/actions/19000", {"schedule": {"colour": 1}}, **DOCUMENTS).body
    assert orjson.loads(told)["problem"]["violations"] == {"schedule.colour": ["Unknown field."]}


@pytest.mark.parametrize(
    ("dialect", "call", "code"),
    [
        ("rpc", ("PATCH", "/actions/19000", {"state": 4}), 4),
        ("rpc", ("PATCH", "/rpc/actions/19000/update", {"action": {}}), 40),
        ("rpc", ("POST", "/rpc/actions/19000/update", {"status": "DONE"}), 22),
        ("rpc", ("POST", "/rpc/actions/19000/update", [1]), 22),
        ("rpc", ("POST", "/rpc/actions/19000/update", b"{"), 22),
    ],
)
def test_a_call_in_other_words_is_refused(make_core, dialect, call, code):
    core = make_core(dialect=DIALECTS[dialect]())

    assert orjson.loads(core.call(*call).body)["error"]["code"] == code
    assert core.counts()["applied"] == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [({**DOCUMENTS, "accept": "*/*"}, 406), ({**DOCUMENTS, "content_type": "application/json"}, 415), (DOCUMENTS, 200)],
)
def test_the_nested_core_demands_its_media_types(make_core, headers, status):
    core = make_core(dialect=DIALECTS["nested"]())

    assert core.call("PATCH", "/v2/workflow/actions/19000", {}, **headers).status == status


@pytest.mark.parametrize("fault", ["garbage", "html", "list", "null", "empty", "204", "redirect", "502"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_a_fault_leaves_unreadable_stays_so(make_core, dialect, fault):
    path = {"rpc": "/rpc/actions/19000/update", "nested": "/v2/workflow/actions/19000"}[dialect]
    method, body = {"rpc": ("POST", {"action": {}}), "nested": ("PATCH", {})}[dialect]
    given = DOCUMENTS if dialect == "nested" else {}
    spoken = make_core(dialect=DIALECTS[dialect]()).call(method, path, body, **given, x_sandbox_fault=fault)
    own = make_core().patch(19000, {}, x_sandbox_fault=fault)

    assert spoken.status == own.status
    assert fault == "502" or spoken.body == own.body


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_integrations_actions_are_answered_in_the_dialects_frame(make_core, dialect):
    core = make_core(dialect=DIALECTS[dialect]())
    path = f"/integrations/{identifier('CRM')}/actions/{identifier('CRM/Get User Data')}"
    told = orjson.loads(core.call("PUT", path, {"name": "Other"}).body)

    item = told["result"] if dialect == "rpc" else told["action"]
    assert item["name"] == "Other"
    assert (item if dialect == "rpc" else item["meta"])["id"] == identifier("CRM/Get User Data")


@pytest.mark.parametrize("dialect", ["", *DIALECTS])
def test_all_that_a_core_holds_is_read_by_its_map(make_core, dialect):
    core = make_core(dialect=DIALECTS[dialect]() if dialect else None)
    text = (MAPS / f"{dialect}.toml").read_text(encoding="utf-8") if dialect else ""
    translation = actions(("en", "fr"), 1, lambda: None, text).translation
    method, path, place = {
        "": ("GET", "/actions/19000", "data"),
        "rpc": ("POST", "/rpc/actions/19000/read", "result"),
        "nested": ("GET", "/v2/workflow/actions/19000", "action"),
    }[dialect]
    public = translation.from_legacy("19000", orjson.loads(core.call(method, path).body)[place])

    assert public == {
        "actionId": "19000",
        "category_action": "validation",
        "type_action": "validation",
        "status": "draft",
        "title": {"en": "Leave approval 19000", "fr": "Validation de congé 19000"},
        "subtitle": {"en": "Step 1 of 4", "fr": "Étape 1 sur 4"},
        "details": {
            "en": "Please complete “Leave approval” before the due date.",
            "fr": "Merci de terminer « Validation de congé » avant l’échéance.",
        },
        "partner_ids": [identifier("partner 0")],
        "effective_date": "2024-01-01 00:00:00",
        "due_date": "2024-01-08 00:00:00",
        "expires_at": "2024-01-31 00:00:00",
        "author_id": identifier("author 0"),
    }
