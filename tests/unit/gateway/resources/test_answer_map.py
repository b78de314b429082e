"""What a core's answers mean is said by its map, within what is certain."""

from __future__ import annotations

import orjson
import pytest

from gateway.resources.answer_map import read_answers
from gateway.resources.core_map import shipped
from gateway.resources.map_tables import CoreMapError
from legacy_client.errors import AccessDenied, BadAnswer, Busy, Conflict, Locked, NotFound, Rejected, ServerFailed
from legacy_client.sending.reading import USUAL, is_readable
from legacy_client.transport.memory import answer
from tests.doubles.core_parts import some_reader

RPC = """
[answers]
action_at = "result.action"
id_at = "meta.id"
message_at = "error.text"
errors_at = "error.fields"
ok_at = "status"
ok_is = "OK"
code_at = "error.code"
empty = [204]
[meaning]
410 = "not_found"
423 = "conflict"
[codes]
17 = "busy"
gone = "not_found"
denied = "access_denied"
99 = "failed"
"""
SHAPE = read_answers(RPC)
ACTION = {"meta": {"id": 7}, "state": 2}


def read(status: int, document: object, heard: list[str] | None = None, **fields: str):
    reader = some_reader(shape=SHAPE, misread=(heard if heard is not None else []).append)
    return reader.read(answer(status, orjson.dumps(document), **fields), 7)


def test_the_shipped_map_and_none_say_what_the_contract_says():
    assert read_answers(shipped()) == read_answers("") == USUAL


def test_a_success_is_found_where_the_map_says():
    assert read(200, {"status": "OK", "result": {"action": ACTION}}) == ACTION


@pytest.mark.parametrize(
    ("code", "kind"),
    [(17, Busy), ("17", Busy), ("gone", NotFound), ("denied", AccessDenied), ("other", Rejected), (None, Rejected)],
)
def test_a_200_that_says_no_means_what_its_code_means(code: object, kind: type):
    document = {"status": "NO", "error": {"code": code, "text": "Not now", "fields": {"state": ["closed"]}}}
    result = read(200, document, Retry_After="3")

    assert type(result) is kind
    if kind is Busy:
        assert result.retry_after == 3.0
    else:
        assert (result.message, result.errors) == ("Not now", {"state": ["closed"]})


def test_a_code_or_a_name_of_a_field_that_is_no_word_is_none_however_deep_it_is():
    deep = b"[" * 1018 + b"]" * 1018
    body = b'{"status": "NO", "error": {"code": %b, "fields": [{"field": %b, "message": "No."}]}}' % (deep, deep)
    result = some_reader(shape=SHAPE).read(answer(200, body), 7)

    assert type(result) is Rejected
    assert result.errors == {"": ["No."]}


@pytest.mark.parametrize("status", ["ok", "", "NO"])
def test_only_the_very_word_is_a_success(status: str):
    assert type(read(200, {"status": status, "result": {"action": ACTION}})) is Rejected


@pytest.mark.parametrize("document", [{"status": True}, {"status": 1}, {"status": None}, {}, [], None, "OK"])
def test_an_answer_that_says_neither_yes_nor_no_leaves_it_open(document: object):
    heard: list[str] = []

    assert type(read(200, document, heard)) is BadAnswer
    assert heard == ["bad_answer"]


LISTED = """
[answers]
id_at = "id"
error_at = "error"
code_at = "error.no"
message_at = "error.hint"
errors_at = "error.issues"
field_at = "source.pointer"
text_at = "detail"
[codes]
NF = "not_found"
"""


def read_listed(document: object):
    return some_reader(shape=read_answers(LISTED)).read(answer(200, orjson.dumps(document)), 7)


@pytest.mark.parametrize("document", [{"data": {"id": 7}}, {"error": None, "data": {"id": 7}}])
def test_where_an_error_would_stand_nothing_and_null_are_a_success(document: object):
    assert read_listed(document) == {"id": 7}


def test_an_error_of_any_form_is_none():
    assert type(read_listed({"error": {"no": "NF"}})) is NotFound
    assert type(read_listed({"error": {"no": "VAL"}})) is Rejected
    assert type(read_listed({"error": "no", "data": {"id": 7}})) is Rejected
    assert [type(read_listed(document)) for document in ([], None, {}, "x")] == [BadAnswer] * 4


def test_errors_in_a_list_are_told_by_their_fields():
    issues = [
        {"source": {"pointer": "/data/due"}, "detail": "late"},
        {"source": {"pointer": "/data/due"}, "detail": "a Sunday"},
        {"source": {"pointer": "state"}, "detail": "closed"},
        {"detail": "of nothing"},
        {"source": {"pointer": "silent"}},
        "odd",
        None,
    ]
    result = read_listed({"error": {"no": "VAL", "hint": "Not valid", "issues": issues}})

    assert result.message == "Not valid"
    assert result.errors == {"data.due": ["late", "a Sunday"], "state": ["closed"], "": ["of nothing"]}


def test_a_list_of_errors_is_bounded():
    issues = [{"source": {"pointer": f"f{number % 70}"}, "detail": "x"} for number in range(140)]
    result = read_listed({"error": {"issues": issues}})

    assert len(result.errors) == 64
    assert max(map(len, result.errors.values())) == 1


def test_a_known_code_says_no_without_a_flag_too():
    assert type(read(200, {"error": {"code": "gone"}})) is NotFound


def test_what_a_2xx_was_instead_of_a_success_counts_for_the_health_of_the_core():
    heard: list[str] = []
    read(200, {"status": "NO", "error": {"code": "gone"}}, heard)
    assert heard == []
    read(200, {"status": "NO", "error": {"code": 17}}, heard)
    read(200, {"status": "OK"}, heard)

    assert heard == ["busy", "bad_answer"]


def test_a_200_that_says_that_the_core_failed_leaves_it_open_what_became_of_the_call():
    heard: list[str] = []
    result = read(200, {"status": "NO", "error": {"code": 99}}, heard)

    assert type(result) is ServerFailed
    assert result.may_have_been_applied
    assert heard == ["5xx"]
    assert not is_readable(answer(200, orjson.dumps({"status": "NO", "error": {"code": 99}})), SHAPE)


def test_a_2xx_that_the_map_does_not_know_is_no_success():
    heard: list[str] = []
    shape = read_answers('[answers]\nok = [200]\nempty = [204]\naction_at = ""')
    reader = some_reader(shape=shape, misread=heard.append)

    assert reader.read(answer(200, b'{"id": 7}'), 7) == {"id": 7}
    assert reader.read(answer(204, b""), 7) == {}
    assert type(reader.read(answer(206, b'{"id": 7}'), 7)) is BadAnswer
    assert heard == ["bad_answer"]
    assert is_readable(answer(200, b'{"id": 7}'), shape)
    assert not is_readable(answer(206, b'{"id": 7}'), shape)


def test_a_probe_is_judged_by_what_the_answer_says():
    def judged(document: object) -> bool:
        return is_readable(answer(200, orjson.dumps(document)), SHAPE)

    assert judged({"status": "OK", "result": {"action": ACTION}})
    assert judged({"status": "NO", "error": {"code": "gone"}})
    assert not judged({"status": "NO", "error": {"code": 17}})
    assert not judged({"status": "OK"})
    assert not judged([])


SAYS_NO = read_answers(
    """
[answers]
ok_at = "receipt.code"
ok_is = "0000"
code_at = "receipt.code"
[codes]
0950 = "busy"
0951 = "locked"
0990 = "failed"
"""
)


@pytest.mark.parametrize(
    ("code", "kind", "misread"),
    [
        ("0950", Busy, ["busy"]),
        ("0951", Locked, []),
        ("0990", ServerFailed, ["5xx"]),
        ("0816", Rejected, []),
    ],
)
def test_a_202_whose_body_says_no_is_no_success(code: str, kind: type, misread: list[str]):
    said = answer(202, orjson.dumps({"receipt": {"code": code}}))
    heard: list[str] = []

    assert type(some_reader(shape=SAYS_NO, misread=heard.append).read(said, 7)) is kind
    assert heard == misread
    assert is_readable(said, SAYS_NO) is (not misread)


@pytest.mark.parametrize("body", [b"", b'{"receipt": {"code": "0000"}}', b'{"queued": true}', b"[]", b"Accepted."])
def test_a_202_that_does_not_say_no_is_a_success(body: bytes):
    assert some_reader(shape=SAYS_NO).read(answer(202, body), 7) == {}
    assert is_readable(answer(202, body), SAYS_NO)


def test_a_202_that_is_too_large_to_be_read_leaves_it_open():
    large = answer(202, orjson.dumps({"receipt": {"code": "0950", "text": "x" * 2_000_000}}))

    assert type(some_reader(shape=SAYS_NO).read(large, 7)) is BadAnswer


def test_statuses_mean_what_the_map_says_and_else_what_they_meant():
    kinds = [type(read(status, {})) for status in (410, 423, 404, 409, 429, 422, 500)]

    assert kinds == [NotFound, Conflict, NotFound, Conflict, Busy, Rejected, ServerFailed]


def test_an_answer_without_a_body_is_a_success_where_the_map_says():
    assert read(204, None) == {}
    assert type(read(202, None)) is BadAnswer
    assert isinstance(some_reader().read(answer(200, b"[]"), 7), BadAnswer)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("[answers]\ncolour = 1", "answers.colour is not known; allowed: action_at, "),
        ('[answers]\nid_at = ""', "answers.id_at must not be empty"),
        ('[answers]\nerror_at = "e"\nok_at = "o"', "answers.error_at must stand without ok_at and ok_is: one of both"),
        ("[answers]\nok = [302]", "answers.ok must be a list of statuses from 200 to 299"),
        ('[answers]\nid_at = "a..b"', "answers.id_at must be names with a dot between levels"),
        ("[answers]\nok_is = [1]", "answers.ok_is must be true, false, a whole number or a text"),
        ("[answers]\nempty = [404]", "answers.empty must be a list of statuses from 200 to 299"),
        ('[meaning]\n500 = "rejected"', "meaning.500 must be a status from 400 to 499: only of these it is certain"),
        ('[meaning]\n200 = "rejected"', "meaning.200 must be a status from 400 to 499"),
        ('[meaning]\n0404 = "rejected"', "meaning.0404 must be a status from 400 to 499"),
        ('[meaning]\n4040 = "rejected"', "meaning.4040 must be a status from 400 to 499"),
        (
            '[meaning]\n404 = "gone"',
            "meaning.404 must be one of: rejected, not_found, conflict, busy, locked, access_denied, failed",
        ),
        ('[codes]\n1 = "busy"', "codes needs answers.code_at, which says where an answer has its code"),
        ("meaning = 1", "meaning must be a table"),
        ('[answers]\nid_at = "cle[0]"', "answers.id_at must be names with a dot between levels, without brackets"),
        ('[answers]\nwait_at = "a[0].b"', "answers.wait_at must be names with a dot between levels, without brackets"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, refusal: str):
    with pytest.raises(CoreMapError) as refused:
        read_answers(text)

    assert str(refused.value).startswith(refusal)
