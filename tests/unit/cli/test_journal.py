"""The journal tells what may have left, whatever ended the process that wrote it."""

from __future__ import annotations

import errno

import pytest

from cli.chunk import Answered, Chunk, Span
from cli.errors import InUse, Refused, Unwritable
from cli.journal import Journal, read_header
from cli.journal_lines import Header
from cli.outcome import Counts, Failure
from cli.told import Told

WHOLE = Span(10, None, 0, 2)
HEADER = Header(
    target="https://gateway.test",
    path="/u.csv",
    size=99,
    sha256="aa",
    reading={"form": "csv", "csv": {}},
    items=30,
    begun=1.0,
)
NO = Failure(1, "not_found", "No.", "not_applied", False)
BUSY = Failure(0, "core_busy", "Busy.", "not_applied", True)


def chunk(number, start, end, first, count=10):
    return Chunk(
        number=number, start=start, end=end, first=first, line=first + 2, next_line=first + 2 + count, count=count, key=f"k{number}", sha256="bb", cut_at=2.0
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.journal"


@pytest.fixture
def begun(path):
    with Journal.begin(path, HEADER, WHOLE) as journal:
        yield journal


def state_of(path):
    return read_header(path)[1]


def test_a_chunk_without_an_answer_may_have_left(begun, path):
    begun.cut(chunk(0, 10, 50, 0))

    state = state_of(path)
    assert list(state.open) == [0]
    assert state.unsettled == Counts(unknown=10)
    assert state.open[0].chunk == chunk(0, 10, 50, 0)


def test_what_is_left_to_cut_begins_after_the_last_chunk(begun, path):
    begun.cut(chunk(0, 10, 50, 0))
    begun.answer(chunk(0, 10, 50, 0), Answered([NO], final=True))
    begun.cut(chunk(1, 50, 90, 10))

    with_rest = begun.state
    assert with_rest.spans == [Span(90, None, 20, 22)]
    assert with_rest.counts == Counts(applied=9, failed=1)
    assert state_of(path).spans[0].start == 90


def test_an_answer_that_is_not_final_leaves_the_chunk_open_and_a_later_one_takes_its_place(begun, path):
    begun.cut(chunk(0, 10, 50, 0))
    begun.answer(chunk(0, 10, 50, 0), Answered([BUSY], final=False))
    assert state_of(path).unsettled == Counts(applied=9, failed=1)

    begun.answer(chunk(0, 10, 50, 0), Answered([], final=True))

    assert (state_of(path).open, state_of(path).counts) == ({}, Counts(applied=10))


def test_a_chunk_that_is_cut_anew_comes_before_the_rest_and_without_what_is_invalid(begun, path):
    begun.cut(chunk(0, 10, 50, 0))
    begun.again(chunk(0, 10, 50, 0), [NO])
    assert begun.state.spans == [Span(10, 50, 0, 2, frozenset({1})), Span(50, None, 10, 12)]

    begun.cut(chunk(1, 10, 30, 0, count=5))
    begun.cut(chunk(2, 30, 50, 5, count=5))

    assert begun.state.spans == [Span(50, None, 10, 12)]
    assert state_of(path).counts == Counts(failed=1)
    assert [(one.number, failures) for one, failures in Told(path).refused()] == [(0, [NO])]
    assert [(one.number, failures) for one, failures in Told(path).chunks()] == [(1, None), (2, None)]


@pytest.mark.parametrize("cut_short", range(1, 40, 7))
def test_a_line_that_was_cut_short_was_never_acted_on_and_is_dropped(path, cut_short):
    with Journal.begin(path, HEADER, WHOLE) as journal:
        journal.cut(chunk(0, 10, 50, 0))
        whole = path.stat().st_size
        journal.cut(chunk(1, 50, 90, 10))
    with path.open("r+b") as file:
        file.truncate(whole + cut_short)

    with Journal.resume(path, WHOLE) as journal:
        assert path.stat().st_size == whole
        assert list(journal.state.open) == [0]
        journal.cut(chunk(1, 50, 90, 10))
    assert list(state_of(path).open) == [0, 1]


def test_a_journal_whose_first_line_was_cut_short_is_begun_anew(path):
    path.write_bytes(b'{"journal": 1, "targ')
    assert read_header(path) is None

    with Journal.begin(path, HEADER, WHOLE):
        assert read_header(path)[0] == HEADER


def test_only_one_process_holds_it(begun, path):
    with pytest.raises(InUse):
        Journal.resume(path, WHOLE)
    with pytest.raises(InUse):
        Journal.begin(path, HEADER, WHOLE)
    begun.__exit__()

    with Journal.resume(path, WHOLE) as again:
        assert again.header == HEADER


@pytest.mark.parametrize("content", [b'{"journal": 99}\n', b"[1]\n", b"no json\n"])
def test_what_is_no_journal_of_this_version_is_refused(path, content):
    path.write_bytes(content)

    with pytest.raises(Refused, match="--restart begins anew"):
        Journal.resume(path, WHOLE)


class Full:
    """A file on a disk that takes ``left`` bytes more."""

    def __init__(self, file, left):
        self._file, self._left = file, left

    def write(self, line):
        if not self._left:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(line[: self._left])
        self._left -= written
        return written

    def __getattr__(self, name):
        return getattr(self._file, name)


def test_on_a_full_disk_nothing_is_half_written_and_nothing_counts_as_cut(begun, path):
    before = path.read_bytes()
    begun._file = Full(begun._file, 20)

    with pytest.raises(Unwritable, match="No space left on device; make room, then run the same command again"):
        begun.cut(chunk(0, 10, 50, 0))

    assert path.read_bytes() == before
    assert begun.state.open == {}


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    with pytest.raises(Unwritable, match="No such file or directory"):
        Journal.begin(tmp_path / "no" / "run.journal", HEADER, WHOLE)
