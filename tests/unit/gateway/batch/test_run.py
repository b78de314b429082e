"""A batch never raises for an item, and accounts for each one whatever the core's client does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batch.batch_claim import NoClaim
from gateway.batch.run import BatchRun
from gateway.item_codes import Applied
from gateway.resources.actions import actions
from gateway.telemetry.traces import NoSpan
from legacy_client import errors as core
from legacy_client.call_context import CallContext, Waits
from legacy_client.calls import Update
from legacy_client.deadline import Deadline
from tests.unit.schemas.samples import valid_action_items

ACTIONS = actions(("en", "fr"), 1, lambda: None)
CONTEXT = CallContext(concurrency=32, deadline=Deadline(10))
GOOD = {"actionId": "1", "status": "active"}
PLANTED = {"actionId": "2", "status": "a word that no table has"}


class Core:
    """Gives the results it was made with, in their order."""

    def __init__(self, *results, fault=None):
        self.results = results
        self.fault = fault

    def send(self, operation, calls, context):
        self.asked = (operation, calls, context)
        yield from self.results
        if self.fault:
            raise self.fault


def run(core_, *items):
    calls = list(map(ACTIONS.call, items))
    return [shown(one) for one in BatchRun(ACTIONS, calls, NoClaim(len(items)), core_, CONTEXT, NoSpan()).outcomes()]


def shown(outcome):
    return json.loads(outcome) if isinstance(outcome, bytes) else outcome


def test_results_come_back_in_the_order_of_the_items():
    outcomes = run(Core((1, {"id": 3}), (0, core.NotFound(404))), GOOD, {**GOOD, "actionId": "3"})

    assert outcomes[0].code == "not_found"
    assert outcomes[1] == {"actionId": "3"}


def test_what_the_calls_waited_for_stands_in_the_details():
    context = CallContext(deadline=CONTEXT.deadline, concurrency=8, waits=Waits(1.0, 2.0, 3.0))
    batch = BatchRun(ACTIONS, [ACTIONS.call(GOOD)], NoClaim(1), Core((0, {})), context, NoSpan())
    batch.outcomes()

    waits = batch.summary(keep_failed=0).details.waits
    assert (waits.turns, waits.answers, waits.repeats) == (1.0, 2.0, 3.0)


def test_an_item_is_sent_in_the_cores_words():
    fake = Core((0, {}))

    run(fake, GOOD)

    assert fake.asked == (ACTIONS.operation, [Update("1", b'{"state":2}')], CONTEXT)


def test_an_item_that_cannot_be_sent_is_a_fault_of_ours_and_stops_no_other(caplog):
    fake = Core((0, core.Unsendable("ValueError")), (1, {"id": 1}))

    outcomes = run(fake, PLANTED, GOOD)

    assert fake.asked[1][0] == Update("2", b"")
    assert (outcomes[0].code, outcomes[0].outcome) == ("internal_error", Applied.NOT_SENT)
    assert outcomes[1] == {"actionId": "1"}
    assert [record.message for record in caplog.records] == ["item_untranslatable"]


@pytest.mark.parametrize(
    ("answer", "updated"),
    [
        ({"id": 1, "state": 99}, {"actionId": "1", "status": "active", "unreadable": ["status"]}),
        ({"id": 1, "due_at": "soon"}, {"actionId": "1", "unreadable": ["due_date"]}),
        ({"id": 1, "state": 4, "partners": 7}, {"actionId": "1", "status": "done", "unreadable": ["partner_ids"]}),
    ],
)
def test_a_field_that_cannot_be_read_is_shown_as_it_was_sent_or_not_and_is_named(answer, updated):
    assert run(Core((0, answer)), GOOD) == [updated]


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ({"title_en": 5, "title_fr": "b"}, {"fr": "b", "en": "A"}),
        ({"title_en": 5, "title_fr": None}, {"en": "A"}),
        ({"title_en": ["x"]}, {"en": "A"}),
    ],
)
def test_one_language_that_cannot_be_read_is_shown_beside_the_others(answer, title):
    [updated] = run(Core((0, {"id": 1, **answer})), {"actionId": "1", "title": {"en": "A"}})

    assert updated == {"actionId": "1", "title": title, "unreadable": ["title.en"]}


def test_answers_with_unreadable_fields_are_summed_up_for_operators():
    results = [(0, {"id": 1, "state": 99}), (1, {"id": 3}), (2, {"id": 4, "state": True, "title_en": 5})]
    items = [GOOD, {**GOOD, "actionId": "3"}, {**GOOD, "actionId": "4"}]
    batch = BatchRun(ACTIONS, list(map(ACTIONS.call, items)), NoClaim(3), Core(*results), CONTEXT, NoSpan())

    batch.outcomes()
    details = batch.summary(keep_failed=10).details

    assert (details.succeeded, details.failed) == (3, [])
    assert (details.unreadable.answers, details.unreadable.item_id) == (2, "1")
    assert details.unreadable.fields == {"status": 2, "title.en": 1}


class Faulty:
    """A translation with a fault."""

    def from_legacy(self, item_id, data):
        if item_id == "2":
            raise IndexError
        return {"actionId": item_id}

    to_legacy = errors_to_public = staticmethod(dict)


def test_a_fault_of_the_translation_is_told_of_its_item_alone():
    resource = replace(ACTIONS, translation=Faulty())
    calls = [Update("2", b"{}"), Update("3", b"{}")]

    first, second = BatchRun(
        resource, calls, NoClaim(2), Core((0, {"id": 2}), (1, {"id": 3})), CONTEXT, NoSpan()
    ).outcomes()

    assert (first.code, first.outcome) == ("internal_error", Applied.UNKNOWN)
    assert second == b'{"actionId":"3"}'


@given(valid_action_items)
def test_where_the_core_sends_no_body_the_action_is_shown_as_it_was_submitted(submitted):
    [item] = ACTIONS.items({"data": [submitted]})

    assert run(Core((0, {})), item) == [item]


def test_a_fault_midway_keeps_what_is_known_and_reports_the_rest_as_unknown():
    outcomes = run(Core((1, {}), fault=RuntimeError("bug")), GOOD, {**GOOD, "actionId": "3"})

    assert (outcomes[0].code, outcomes[0].outcome) == ("internal_error", Applied.UNKNOWN)
    assert outcomes[1] == {**GOOD, "actionId": "3"}


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_whatever_order_results_finish_in_each_item_has_its_own(successes, random):
    items = [{"actionId": str(number), "status": "done"} for number in range(1, len(successes) + 1)]
    results = [(place, {"id": place + 1} if ok else core.NotFound(404)) for place, ok in enumerate(successes)]
    random.shuffle(results)

    outcomes = run(Core(*results), *items)

    assert [isinstance(outcome, dict) for outcome in outcomes] == successes
    assert [outcome["actionId"] for outcome in outcomes if isinstance(outcome, dict)] == [
        item["actionId"] for item, ok in zip(items, successes, strict=True) if ok
    ]
