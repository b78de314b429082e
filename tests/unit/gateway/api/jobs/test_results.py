"""A job's results as lines: who reads them holds up nobody else, and what was sent is counted."""

from __future__ import annotations

import json

import pytest

from gateway.api.jobs.results import Reading, Results, cursor_in, cursor_text
from gateway.jobs.results import ResultPage
from gateway.resources.actions import actions

ACTIONS = actions(("en",), 1000, lambda: None)


def page(number: int, *, is_last: bool = False) -> ResultPage:
    line = b'{"index":%d,"part":1,"line":%d,"actionId":"%d","outcome":"applied","action":{"a":1}}\n'
    return ResultPage(line % (number, number + 1, number), [], f"s{number}.1", is_last=is_last)


class Source:
    """So many pages, one line each."""

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self.turns: list[str] = []

    def page(self, since: str) -> ResultPage:
        self.turns.append("page")
        number = int(since[1:].partition(".")[0]) + 1
        return page(number, is_last=number + 1 == self._pages)

    def results(self, *, follow: bool = False, is_ending: bool = False) -> Results:
        reading = Reading(
            page=self.page,
            follow=follow,
            is_ending=lambda: is_ending,
            let_others_run=lambda: self.turns.append("others"),
        )
        return Results(ACTIONS, "J", reading)


def test_others_get_a_turn_before_and_after_each_page_is_read():
    source = Source(pages=3)

    list(source.results().after(page(0), ""))

    assert source.turns == ["others", "page", "others", "others", "page", "others", "others"]


def test_what_was_sent_is_counted():
    results = Source(pages=3).results()

    sent = b"".join(results.after(page(0), ""))

    assert results.sent_bytes == len(sent)
    assert [json.loads(line).get("index") for line in sent.splitlines()][::2] == [0, 1, 2, None]


def test_a_reader_that_follows_has_a_head_before_there_is_a_line():
    lines = Source(pages=3).results(follow=True).after(ResultPage(b"", [], "", is_last=False), "")

    assert next(lines) == b"\n"


def test_a_worker_that_ends_lets_its_readers_go_with_a_cursor():
    lines = b"".join(Source(pages=3).results(follow=True, is_ending=True).after(page(0), "")).splitlines()

    assert json.loads(lines[-1]) == {"cursor": "J.s0.1", "complete": False}


def test_a_cursor_goes_to_the_reader_and_back():
    assert cursor_in("J", cursor_text("J", "s1.2")) == "s1.2"
    assert cursor_in("J", "") == ""


@pytest.mark.parametrize("text", ["s1.2", "K.s1.2", "J"])
def test_a_cursor_of_no_job_or_of_another_is_none(text: str):
    with pytest.raises(ValueError, match="must be a cursor of this job's results"):
        cursor_in("J", text)
