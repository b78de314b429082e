"""An event is JSON, and what it holds of items is read without parsing it."""

from __future__ import annotations

import json

import pytest

from gateway.admission.idempotency.journal import Entry, items_event, replay

TEXT = '{"item":{"a":"],[0,\\"final\\",","b":[1, 2.50],\n"é":null}}'.encode()
ENTRIES = [Entry(0, "final", TEXT), Entry(7, "open"), Entry(12, "unknown", b'{"error":{"code":"x"}}')]


def test_what_was_told_of_items_comes_back_byte_for_byte():
    assert replay([items_event(ENTRIES)]) == {entry.index: entry for entry in ENTRIES}


def test_an_event_of_items_is_json_that_the_first_release_reads():
    assert json.loads(items_event(ENTRIES))["items"] == [
        [0, "final", {"item": {"a": '],[0,"final",', "b": [1, 2.5], "é": None}}],
        [7, "open", None],
        [12, "unknown", {"error": {"code": "x"}}],
    ]


def test_an_event_of_no_items_tells_nothing():
    assert replay([items_event([])]) == {}


def test_an_event_of_the_first_release_is_read():
    event = b'{"items":[[0,"final",{"item":{"actionId":"1"}}],[1,"open",null]]}'

    assert replay([event]) == {0: Entry(0, "final", b'{"item":{"actionId":"1"}}'), 1: Entry(1, "open")}


@pytest.mark.parametrize(
    "places",
    [
        b'[[0,"final",11,40]]',
        b'[[0,"final",12,17]]',
        b'[[0,"final",-3,18]]',
        b'[[0,"final",11,9]]',
        b"[[0]]",
        b"5",
        b"",
    ],
)
def test_places_at_which_no_payload_lies_are_no_journal(places):
    event = items_event([Entry(0, "final", b'{"a":1}')])
    assert event == b'{"places":[[0,"final",11,18]],\n"items":[[0,"final",{"a":1}]]}'

    with pytest.raises(ValueError, match="not an event of a journal"):
        replay([event.replace(b'[[0,"final",11,18]]', places, 1)])


def test_places_without_items_are_no_journal():
    with pytest.raises(ValueError, match="not an event of a journal"):
        replay([b'{"places":[]}'])
