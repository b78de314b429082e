"""The demo's own judgement, its colours, and the printed seeds."""

from __future__ import annotations

import io
import json

import pytest

from sandbox.__main__ import main
from sandbox.core.magic import fault_of
from sandbox.core.seed import identifier
from sandbox.demo import faults_of
from sandbox.paint import Paint, paint_for
from sandbox.steps import ACTIONS, STEPS
from sandbox.web import Reply


class Terminal(io.StringIO):
    def isatty(self):
        return True


def reply(status):
    return Reply(status, {}, b"{}")


def test_the_demo_covers_each_status_of_a_batch_that_a_partner_can_bring_about():
    statuses = [step.status for step in STEPS if step.path == ACTIONS]

    assert statuses == [200, 207, 200, 400, 400, 404, 401]


def test_an_answer_as_promised_is_no_fault():
    assert list(faults_of(STEPS[0], reply(200), STEPS[0].core_calls)) == []


def test_another_status_or_an_unexpected_call_is_a_clear_line():
    [step] = [step for step in STEPS if step.title.startswith("validation fails")]

    assert list(faults_of(step, reply(500), 1)) == [
        f"“{step.title}” must be 400, was 500",
        f"“{step.title}” must make 0 calls to the core, made 1",
    ]


@pytest.mark.parametrize(
    ("body", "ended"),
    [(b'{"total":1}\n{"status":502}\n', "502"), (b'{"total":1}\n', "None"), (b'{"tot', "None"), (b"", "None")],
)
def test_a_stream_that_was_cut_or_ends_otherwise_is_a_clear_line(body, ended):
    [step] = [step for step in STEPS if step.streamed]

    assert list(faults_of(step, Reply(200, {}, body), step.core_calls)) == [
        f"“{step.title}” must end with 207, ended with {ended}"
    ]


@pytest.mark.parametrize(
    ("stream", "environment", "is_on"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream, environment, is_on):
    assert ("\x1b" in paint_for(stream, environment).json({"a": 1})) is is_on


def test_without_colours_json_is_json():
    value = {"data": [{"title": {"fr": "congé"}}]}

    assert json.loads(Paint(False).json(value)) == value
    assert "congé" in Paint(False).json(value)


def test_colours_change_nothing_but_colours():
    text = Paint(True).status(404) + Paint(True).json({"a": "b: c"})

    assert text.replace("\x1b[33m", "").replace("\x1b[36m", "").replace("\x1b[0m", "") == (
        Paint(False).status(404) + Paint(False).json({"a": "b: c"})
    )


def test_the_seeds_are_printed_as_json(capsys):
    assert main(["seeds"]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert printed["integrations"][0]["id"] == identifier("CRM")
    assert all(fault_of(str(ids["always"])) == kind for kind, ids in printed["faults"].items())
