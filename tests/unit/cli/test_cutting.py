"""A chunk's body is made again from its bytes, and is the same or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.chunk import Span
from cli.cutting import Cutter
from cli.errors import Refused
from cli.limits import Limits
from cli.rows.json_rows import JsonRows


@pytest.fixture
def cutter(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text("".join(f'{{"actionId":"{number}","status":"done"}}\n' for number in range(1, 6)))
    return Cutter(JsonRows(path), lambda: 7.0)


WHOLE = Span(0, None, 0, 1)


def test_the_body_of_a_chunk_is_the_same_whenever_it_is_made(cutter):
    chunk, body = cutter.cut(0, WHOLE, Limits(max_items=2))

    assert body.bytes == b'{"data":[{"actionId":"1","status":"done"},{"actionId":"2","status":"done"}]}'
    assert cutter.body(chunk) == body
    assert (chunk.count, chunk.next_line, chunk.cut_at) == (2, 3, 7.0)


def test_items_that_are_left_out_keep_their_places(cutter):
    chunk, body = cutter.cut(0, WHOLE._replace(without=frozenset({1, 2})), Limits(max_items=2))

    assert (body.ids, chunk.count, chunk.sent) == ({0: "1", 3: "4"}, 4, 2)
    assert cutter.body(chunk) == body


def test_a_body_that_is_not_what_was_cut_is_refused(cutter):
    chunk, _ = cutter.cut(0, WHOLE, Limits())

    with pytest.raises(Refused, match="the input is read differently"):
        cutter.body(replace(chunk, sha256="another"))


def test_where_no_row_is_left_nothing_is_cut(cutter, tmp_path):
    end = (tmp_path / "a.ndjson").stat().st_size

    assert cutter.cut(0, Span(end, None, 5, 6), Limits()) is None
