"""An event is JSON, and what it holds of items is read without parsing it."""

from __future__ import annotations

import json

import pytest

from gateway.admission.idempotency.journal import Entry, item_events, items_event, replay

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


def test_updated_items_stand_behind_the_others_and_come_back_byte_for_byte():
    updates = {3: TEXT[8:-1], 100: b"{}", 7: b'{"a":1}'}

    (event,) = item_events([Entry(12, "unknown", b"1")], updates)

    assert event.startswith(
        b'{"places":[[12,"unknown",14,15],[3,"final",28,%d],[100,"final",%d,%d],[7,"final",%d,%d]],\n'
        % (28 + len(TEXT), 43 + len(TEXT), 54 + len(TEXT), 67 + len(TEXT), 83 + len(TEXT))
    )
    assert json.loads(event)["items"][2:] == [[100, "final", {"item": {}}], [7, "final", {"item": {"a": 1}}]]
    assert replay([event]) == {
        12: Entry(12, "unknown", b"1"),
        3: Entry(3, "final", TEXT),
        100: Entry(100, "final", b'{"item":{}}'),
        7: Entry(7, "final", b'{"item":{"a":1}}'),
    }


def test_an_event_of_updated_items_alone_is_written_as_one_of_entries_is():
    assert item_events([], {0: b"{}", 1: b'{"a":1}'}) == [
        (
            b'{"places":[[0,"final",11,22],[1,"final",35,51]],\n'
            b'"items":[[0,"final",{"item":{}}],[1,"final",{"item":{"a":1}}]]}'
        )
    ]
    assert item_events([], {}) == []


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
