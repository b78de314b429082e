"""A team's own translation: loaded at the start, refused in one line, and never able to spoil more than its item."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from gateway.resources.actions import actions
from gateway.resources.core_map import shipped
from gateway.resources.map_tables import CoreMapError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.resources.resource import Resource

MAP = shipped().replace("[core]", '[core]\npython = "team_core:Translation"')
GOOD = """
class Translation:
    def __init__(self, rows, languages):
        self._rows = rows

    def to_legacy(self, item):
        return {"fields": self._rows.to_legacy(item)}

    def from_legacy(self, item_id, data):
        return self._rows.from_legacy(item_id, data["fields"])

    def errors_to_public(self, errors):
        return {"all": [text for texts in errors.values() for text in texts]}
"""


@pytest.fixture
def resource(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Resource]:
    monkeypatch.syspath_prepend(tmp_path)

    def made(source: str, text: str = MAP) -> Resource:
        (tmp_path / "team_core.py").write_text(source, encoding="utf-8")
        monkeypatch.delitem(sys.modules, "team_core", raising=False)
        return actions(("en", "fr"), 10, lambda: None, text)

    return made


def test_it_stands_between_both_languages(resource: Callable[..., Resource]):
    made = resource(GOOD)
    call = made.call({"actionId": "7", "status": "done"})

    assert call.body == b'{"fields":{"state":4}}'
    assert made.shown(call, {"fields": {"state": 2, "author": 1}}) == {
        "actionId": "7",
        "status": "active",
        "author_id": 1,
    }
    assert made.translation.errors_to_public({"x": ["a"], "y": ["b"]}) == {"all": ["a", "b"]}


def test_rows_that_it_does_not_need_may_be_left_out(resource: Callable[..., Resource]):
    rows = 'status = {to = "state", as = "upper"}\n'
    before, after = MAP.split("[fields]")[0], MAP.split("[answers]")[1]
    made = resource(GOOD, f"{before}[fields]\n{rows}[answers]{after}")

    assert made.translation.to_legacy({"actionId": "7", "status": "done", "due_date": None}) == {
        "fields": {"state": "DONE"}
    }
    assert resource(GOOD, f"{before}[answers]{after}").translation.to_legacy({"status": "done"}) == {"fields": {}}


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("import nothing_of_this_name", "team_core:Translation failed: ModuleNotFoundError: No module named"),
        ("class Translation(:\n  pass", "team_core:Translation failed: SyntaxError: "),
        ("import sys\n\nsys.exit(0)", "team_core:Translation failed: SystemExit: 0"),
        ("Other = 1", "must be a module and a class in it: team_core has no Translation"),
        ("class Translation: pass", "team_core:Translation failed: TypeError: Translation() takes no arguments"),
        (
            GOOD.replace("def errors_to_public", "def errors"),
            "must have the method errors_to_public(errors); team_core:Translation has none",
        ),
        (
            GOOD.replace("self, item_id, data", "self, data"),
            "must have the method from_legacy(item_id, data); that of team_core:Translation takes other parameters",
        ),
        (GOOD.replace('return {"fields": self', "return {(): self"), "team_core:Translation.to_legacy failed: TypeErr"),
        (GOOD.replace('return {"fields": self._rows.to_legacy(item)}', "return 1"), "to_legacy must return an object"),
        (
            GOOD.replace('data["fields"]', 'data["a\\nb"]'),
            "team_core:Translation.from_legacy failed: KeyError: 'a\\nb'",
        ),
        (GOOD.replace("item_id, data[", "'1', data["), "from_legacy failed: TypeError: must return an object with the"),
        (GOOD.replace('"all"', "1"), "errors_to_public failed: TypeError: must return lists of texts by field"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(resource: Callable[..., Resource], source: str, refusal: str):
    with pytest.raises(CoreMapError) as refused:
        resource(source)

    assert str(refused.value).startswith("core.python ")
    assert refusal in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["team_core", "team_core:", ":Translation", "team_core:a.b"])
def test_what_names_no_class_is_refused(resource: Callable[..., Resource], name: str):
    with pytest.raises(CoreMapError) as refused:
        resource(GOOD, MAP.replace("team_core:Translation", name))

    assert str(refused.value) == (
        f"core.python must be a module and a class in it, like 'team.core:Translation'; it is {name!r}"
    )


def test_what_it_raises_over_an_answer_is_told_as_applied_and_logged(
    resource: Callable[..., Resource], caplog: pytest.LogCaptureFixture
):
    made = resource(GOOD)
    call = made.call({"actionId": "7", "status": "done"})
    public: dict[str, Any] = made.shown(call, {"fields": 1})

    assert public["actionId"] == "7"
    assert public["status"] == "done"
    assert "status" in public["unreadable"]
    assert [record.message for record in caplog.records] == ["python_translation_failed"]


def test_what_it_returns_that_json_cannot_carry_is_told_so_too(resource: Callable[..., Resource]):
    source = GOOD.replace(
        'return self._rows.from_legacy(item_id, data["fields"])',
        "return {'actionId': item_id, **data.get('odd', {})} if 'odd' not in data else {'actionId': item_id, 'status': {1j}}",
    )
    made = resource(source)

    assert "status" in made.translation.from_legacy("7", {"odd": 1})["unreadable"]


def test_what_it_raises_over_a_refusal_leaves_the_messages(resource: Callable[..., Resource]):
    source = GOOD.replace('return {"all"', "if 'bad' in errors: raise KeyError('bad')\n        return {\"all\"")

    assert resource(source).translation.errors_to_public({"bad": ["a"], "x": ["b"]}) == {"other": ["a", "b"]}


def test_what_it_returns_that_is_no_object_is_no_call(resource: Callable[..., Resource]):
    source = GOOD.replace(
        'return {"fields": self', "if item['actionId'] == '8': return []\n        return {\"fields\": self"
    )
    made = resource(source)

    assert made.call({"actionId": "8", "status": "done"}).body == b""
    assert made.call({"actionId": "7", "status": "done"}).body == b'{"fields":{"state":4}}'
