"""The parts of the check that need no core."""

from __future__ import annotations

import argparse
import json

import pytest

from gateway.api.routes import RESOURCES
from gateway.core import __main__ as command_line
from gateway.core.check import parts
from gateway.core.check.baseline import Baseline, BaselineUnusable
from gateway.core.check.field_place import MISSING
from gateway.core.check.finding import Finding, Proposal, cannot_tell, worst
from gateway.core.check.item_field import ItemField
from gateway.core.check.options import confirmed
from gateway.core.check.pace import Pace
from gateway.core.check.parts import Unusable, authorization
from gateway.core.check.report import row, summary
from gateway.core.check.shapes import digest, shape_of
from gateway.core.check.table import PROBES
from gateway.resources.actions import actions
from gateway.resources.core_map import shipped
from gateway.settings import load
from tests.doubles.service import ENVIRON
from tests.e2e.documents.resource import documents


@pytest.fixture
def resource():
    return actions(("en", "fr"), 1, lambda: None)


def test_the_actions_are_checked_wherever_they_stand_among_the_resources(monkeypatch, capsys):
    for module in (parts, command_line):
        monkeypatch.setattr(module, "RESOURCES", (documents, *RESOURCES), raising=False)

    assert parts.resource(load(ENVIRON)).plural == "actions"
    assert command_line.main(["map", "--table"]) == 0
    assert "`actionId`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><p>x", "a web page"),
        (b"{", "not JSON"),
        (b'{"b": [1.5, 2], "a": {"name": "Ada", "is": true, "n": null}, "c": 7}', None),
        (b"[]", "[]"),
    ],
)
def test_a_shape_has_names_and_types_and_no_value(body, shape):
    told = shape_of(body)

    assert told == (shape or "{a: {is: flag, n: null, name: text}, b: [number], c: integer}")
    assert "Ada" not in told


def test_a_shape_is_bounded():
    deep = b'{"a":' * 30 + b"1" + b"}" * 30
    wide = json.dumps({f"{number:0100d}": 1 for number in range(100)}).encode()

    assert shape_of(deep) == "{a: {a: {a: {a: {a: {a: {…}}}}}}}"
    assert len(shape_of(wide)) < 3_000


def test_the_worst_verdict_counts_and_what_cannot_be_told_does_not():
    assert worst("pass", "cannot tell", "warn") == "warn"
    assert worst("pass", "fail", "warn") == "fail"
    assert worst("cannot tell", "pass") == "pass"
    assert worst("cannot tell") == worst() == "cannot tell"


def test_no_rest_is_longer_than_the_longest():
    assert Pace().up_to(5.0).rests == (1.0, 2.0, 4.0, 5.0)
    assert Pace().up_to(0.5).rests == (0.5,)
    assert Pace().up_to(120.0).rests == (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 120.0)
    assert Pace().key_lines == 20
    assert (Pace().up_to(5.0).key_rest, Pace().up_to(120.0).key_rest) == (5.0, 60.0)


@pytest.mark.parametrize("name", ["status", "author_id", "actionId", "sub_title"])
def test_only_texts_times_and_lists_are_written(resource, name):
    with pytest.raises(ValueError, match="must be one of: title, subtitle, details, partner_ids, effective_date"):
        ItemField(resource, name, ("en", "fr"))


@pytest.mark.parametrize("name", ["title", "subtitle", "due_date", "partner_ids"])
def test_other_values_differ_from_the_own_one_and_from_each_other(resource, name):
    field = ItemField(resource, name, ("fr",))
    first, second = field.other_than(MISSING)

    assert len({first, second, *field.other_than(first)}) == 3
    assert first not in field.other_than(first)


@pytest.mark.parametrize(
    ("name", "body", "samples"),
    [
        ("subtitle", {"subtitle_fr": "x"}, ["accents and an emoji", "255 characters", "null"]),
        ("details", {"details_fr": "x"}, ["accents and an emoji", "10,000 characters"]),
        ("due_date", {"due_at": "x"}, ["1970", "2038", "9999", "null"]),
        ("partner_ids", {"partners": "x"}, ["1,000 ids"]),
    ],
)
def test_a_field_stands_alone_in_its_body_and_has_samples_of_its_kind(resource, name, body, samples):
    field = ItemField(resource, name, ("fr",))

    assert field.body("x") == body
    assert field.raw_in(body) == "x"
    assert [sample.name for sample in field.samples()] == samples


OWN = '''
class Translation:
    """Times without a name for what is far away, a word for nothing, and a count beside a list."""

    def __init__(self, rows, languages): ...

    def to_legacy(self, item):
        sent = {}
        for name in ("due_date", "expires_at"):
            if name in item:
                sent[name] = self._time(item[name])
        if "effective_date" in item:
            sent |= {"from": item["effective_date"], "day": item["effective_date"][:10]}
        if "partner_ids" in item:
            sent["partners"] = {"count": len(item["partner_ids"]), "ids": item["partner_ids"]}
        return sent

    def _time(self, text):
        if text is None:
            return "*EMPTY"
        if text.startswith("9999"):
            raise OverflowError("date value out of range")
        return text + " GMT"

    def from_legacy(self, item_id, data):
        return {"actionId": item_id}

    def errors_to_public(self, errors):
        return {}
'''


@pytest.fixture
def own_translation(tmp_path, monkeypatch):
    (tmp_path / "team_words.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return actions(("en",), 1, lambda: None, shipped().replace("[core]", '[core]\npython = "team_words:Translation"'))


def test_samples_are_in_the_words_of_the_map_and_one_that_it_cannot_send_says_why(own_translation):
    samples = {
        sample.name: (sample.raw, sample.unsendable)
        for sample in ItemField(own_translation, "due_date", ("en",)).samples()
    }

    assert samples == {
        "1970": ("1970-01-01 00:00:00 GMT", ""),
        "2038": ("2038-01-19 03:14:08 GMT", ""),
        "9999": (MISSING, "date value out of range"),
        "null": ("*EMPTY", ""),
    }


def test_a_list_is_written_with_its_count(own_translation):
    field = ItemField(own_translation, "partner_ids", ("en",))

    assert field.body(["a", "b", "c"]) == {"partners": {"count": 3, "ids": ["a", "b", "c"]}}
    assert field.raw_in({"partners": {"count": 2, "ids": ["a", "b"]}}) == ["a", "b"]
    assert [len(sample.raw) for sample in field.samples()] == [1000]


def test_a_field_that_stands_at_two_places_is_not_written(own_translation):
    with pytest.raises(
        ValueError, match=r"^effective_date must stand at one place in the core's item; it has from, day$"
    ):
        ItemField(own_translation, "effective_date", ("en",))


LISTED = '''
class Translation:
    """Texts in a list, an entry for each language."""

    def __init__(self, rows, languages): ...

    def to_legacy(self, item):
        texts = item.get("title") or {}
        return {"texts": [{"in": language, "text": text} for language, text in texts.items()]} if texts else {}

    def from_legacy(self, item_id, data):
        texts = {each["in"]: each["text"] for each in data.get("texts", [])}
        return {"actionId": item_id} | ({"title": texts} if texts else {})

    def errors_to_public(self, errors):
        return {}
'''


def test_a_text_in_a_list_is_found_beside_those_of_other_languages(tmp_path, monkeypatch):
    (tmp_path / "team_list.py").write_text(LISTED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    text = shipped().replace("[core]", '[core]\npython = "team_list:Translation"')
    field = ItemField(actions(("en", "fr"), 1, lambda: None, text), "title", ("en", "fr"))
    one, two = field.other_than(MISSING)
    shown = {"texts": [{"in": "fr", "text": "Rappel"}, {"in": "en", "text": "gateway check 2"}]}

    assert field.may_be_one_of(shown, (one, two))
    assert field.may_be_one_of({}, (one, two))
    assert not field.may_be_one_of(shown, (one,))
    assert field.raw_in(shown) == two == "gateway check 2"
    assert field.body("x") == {"texts": [{"in": "en", "text": "x"}]}


def test_a_value_that_partners_read_alike_is_not_lost(resource):
    field = ItemField(resource, "partner_ids", ("en",))

    assert field.reads_as({"partners": None}, "")
    assert not field.reads_as({"partners": "x"}, "")
    assert not field.reads_as({}, "")


def options(**given):
    usual = {"write": True, "load": False, "confirm": None, "id": "7", "missing_id": "9"}
    return argparse.Namespace(**(usual | given))


def test_at_a_terminal_the_id_is_asked_for(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    assert confirmed(options(), lambda _text: " 7 ") == ""
    assert confirmed(options(), lambda _text: "8") == "the ids differ; nothing was sent"
    assert confirmed(options(write=False), lambda _text: "8") == ""


@pytest.mark.parametrize("missing", ["7", "007"])
def test_the_item_itself_cannot_be_the_missing_one(missing):
    assert confirmed(options(missing_id=missing), str) == "--missing-id must be another one than --id"


@pytest.mark.parametrize("text", ["", "\n", "Bearer x\r\nX-Other: y", "Bearer \x00"])
def test_credentials_of_a_caller_are_one_header(tmp_path, text):
    path = tmp_path / "caller"
    path.write_text(text, encoding="latin-1")
    settings = argparse.Namespace(core=argparse.Namespace(core_auth="forward"))

    with pytest.raises(Unusable, match=r"^--authorization-file must hold the value of one header$"):
        authorization(settings, argparse.Namespace(authorization_file=path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "rows": {}}',
        '{"version": 1, "rows": {"reach": 1}}',
        '{"version": 1, "rows": {"reach": {"verdict": "good", "shape": {}}}}',
        '{"version": 1, "rows": {"reach": {"verdict": "pass", "shape": {"a": 1}}}}',
        '{"version": 1, "rows": {"reach": {"verdict": "pass", "shape": {"a": "\\u001b"}}}}',
        " " * 1_048_577,
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path, text):
    path = tmp_path / "baseline"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BaselineUnusable, match="is no baseline"):
        Baseline(path)


def test_a_baseline_that_could_not_be_written_at_the_end_is_refused_at_the_beginning(tmp_path):
    with pytest.raises(BaselineUnusable, match=r"cannot be written \(there is no such folder\)$"):
        Baseline(tmp_path / "none" / "baseline")


def test_rows_that_were_not_asked_are_no_drift(tmp_path):
    path = tmp_path / "baseline"
    asked = Finding(verdict="pass", told="", shape={"keys": "honoured"})
    unasked = cannot_tell("", is_asked=False)
    Baseline(path).write({"load": unasked, "idempotency": asked})

    assert list(Baseline(path).drift({"load": asked, "idempotency": unasked})) == []
    assert list(Baseline(path).drift({"idempotency": Finding(verdict="pass", told="")})) == [
        "idempotency: keys is gone, was honoured"
    ]


def test_a_row_and_its_summary_are_read_at_80_columns():
    [probe] = [each for each in PROBES if each.name == "keep-alive"]
    finding = Finding(
        verdict="warn",
        told="what was found, " * 12,
        evidence=["evidence " * 12],
        proposals=[Proposal("GATEWAY_CORE_KEEPALIVE=2", "why " * 30), Proposal('[meaning] 410 = "not_found"', "why")],
    )
    text = f"{row(probe, finding)}\n{summary({'keep-alive': finding}, ['keep-alive: ' + 'drift ' * 20])}"

    assert max(map(len, text.splitlines())) <= 80
    assert text.index("Settings to write:\n  GATEWAY_CORE_KEEPALIVE=2\n") < text.index(
        "To write into the map:\n  [meaning]"
    )


def test_the_same_body_has_the_same_digest_and_another_one_has_not():
    assert digest(b"a") == digest(b"a") != digest(b"b")
    assert len(digest(b"a")) == 12
