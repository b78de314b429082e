"""A log pipe that is full loses lines, never time; whoever reads on is told how many."""

from __future__ import annotations

import _thread
import errno
import fcntl
import io
import logging
import os
import threading
from pathlib import Path

import pytest

from gateway.telemetry.logs.pipe import DescriptorHandler, PipeHandler, handler_for

LINE = "x" * 999


class Pipe:
    """A pipe of 64 KiB with a logger that writes into it."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, 65_536)
        os.set_blocking(self.reader, False)
        self.handler = PipeHandler(self.writer)
        self.handler.setFormatter(logging.Formatter("%(message)s %(lines)s", defaults={"lines": ""}))

    def log(self, text: str) -> None:
        self.handler.handle(logging.makeLogRecord({"msg": text}))

    def read(self, most: int = 1_000_000) -> list[str]:
        return os.read(self.reader, most).decode().splitlines()

    def close(self) -> None:
        for descriptor in (self.reader, self.writer):
            os.close(descriptor)


@pytest.fixture
def pipe():
    opened = Pipe()
    root = logging.getLogger("gateway.telemetry.logs.pipe")
    root.addHandler(opened.handler)
    yield opened
    root.removeHandler(opened.handler)
    opened.close()


def test_lines_come_out_as_they_went_in(pipe):
    for number in range(3):
        pipe.log(f"event {number}")

    assert [line.strip() for line in pipe.read()] == ["event 0", "event 1", "event 2"]


def test_a_full_pipe_holds_nobody_up_and_the_lines_that_are_missing_are_counted(pipe):
    for _ in range(100):
        pipe.log(LINE)
    before = pipe.read()
    pipe.log("again")
    after = pipe.read()

    whole = [line for line in before + after if line.startswith("x")]
    (told,) = [line for line in after if line.startswith("log_lines_dropped")]
    assert after[-2].strip() == "again"
    assert int(told.split()[1]) == 100 - len(whole)


def test_a_line_that_fitted_in_part_is_completed_before_the_next(pipe):
    pipe.log("y" * 100_000)
    taken = "".join(pipe.read())
    pipe.log("next")
    lines = pipe.read()

    assert taken + lines[0].strip() == "y" * 100_000
    assert lines[1].strip() == "next"


def test_a_pipe_that_is_still_full_keeps_the_count(pipe):
    for _ in range(100):
        pipe.log(LINE)
    kept = len(pipe.read(20_000))
    for _ in range(100):
        pipe.log(LINE)
    lines = pipe.read()
    pipe.log("end")
    lines += pipe.read()

    told = sum(int(line.split()[1]) for line in lines if line.startswith("log_lines_dropped"))
    assert told + kept + len([line for line in lines if line.startswith("x")]) in (200, 201)


def test_a_pipe_without_a_reader_raises_nothing(pipe, capsys):
    os.close(pipe.reader)
    pipe.reader = os.open(os.devnull, os.O_RDONLY)

    pipe.log("nobody hears")

    assert "BrokenPipe" in capsys.readouterr().err


def test_what_counts_is_the_lock_of_threads_whatever_another_library_puts_in_its_place(pipe):
    pipe.handler.lock = threading.Lock()

    assert type(pipe.handler.lock) is _thread.RLock


def test_a_line_that_is_made_already_is_written_as_those_of_records_are(pipe):
    assert pipe.handler.takes(b"one\n")
    pipe.log("two")

    assert [line.strip() for line in pipe.read()] == ["one", "two"]


def test_a_line_that_is_made_already_is_dropped_and_counted_where_the_pipe_is_full(pipe):
    for _ in range(100):
        assert pipe.handler.takes(LINE.encode() + b"\n")
    kept = len(pipe.read())
    pipe.handler.takes(b"again\n")

    assert [line.strip() for line in pipe.read()] == ["again", f"log_lines_dropped {100 - kept}"]


def test_a_line_that_is_made_already_is_left_to_a_handlers_filters_and_to_its_way_with_errors(pipe):
    pipe.handler.addFilter(lambda record: False)
    assert not pipe.handler.takes(b"filtered\n")
    pipe.handler.filters.clear()
    assert pipe.handler.takes(b"one\n")
    assert pipe.read() == ["one"]

    os.close(pipe.reader)
    pipe.reader = os.open(os.devnull, os.O_RDONLY)
    assert not pipe.handler.takes(b"nobody hears\n")


def test_other_streams_are_written_as_usual():
    stream = io.StringIO()

    handler_for(stream).handle(logging.makeLogRecord({"msg": "event"}))

    assert stream.getvalue() == "event\n"


def test_a_pipe_gets_the_handler_that_never_waits(pipe):
    with os.fdopen(os.dup(pipe.writer), "w") as stream:
        assert isinstance(handler_for(stream), PipeHandler)


def test_a_file_has_each_line_as_soon_as_it_is_logged(tmp_path):
    with (tmp_path / "log").open("w") as stream:
        handler = handler_for(stream)
        for text in ("one", "\ud800"):
            handler.handle(logging.makeLogRecord({"msg": text}))

            assert (tmp_path / "log").read_text().splitlines()[-1] == text.encode(errors="backslashreplace").decode()


def test_a_file_that_cannot_be_written_raises_nothing(capsys):
    with Path(os.devnull).open() as read_only:
        DescriptorHandler(read_only.fileno()).handle(logging.makeLogRecord({"msg": "event"}))

    assert "Bad file descriptor" in capsys.readouterr().err


@pytest.fixture
def file(pipe, tmp_path):
    """Where the pipe's handler writes now."""
    with (tmp_path / "log").open("wb") as written:
        os.dup2(written.fileno(), pipe.writer)
    return tmp_path / "log"


def test_lines_that_a_full_disk_has_no_room_for_are_counted(pipe, file, capsys):
    with Path("/dev/full").open("wb") as full:
        kept = os.dup(pipe.writer)
        os.dup2(full.fileno(), pipe.writer)
    pipe.log("one")
    assert pipe.handler.takes(b"two\n")
    pipe.log("three")
    os.dup2(kept, pipe.writer)
    os.close(kept)

    for text in ("four", "five"):
        pipe.log(text)

    assert [line.strip() for line in file.read_text().splitlines()] == ["four", "log_lines_dropped 3", "five"]
    assert capsys.readouterr().err == ""


def test_a_line_that_a_disk_has_room_for_in_part_is_completed_before_the_next(pipe, file, monkeypatch):
    room, write = [8], os.write

    def write_what_fits(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "full")
        sent = write(descriptor, data[: room[0]])
        room[0] -= sent
        return sent

    monkeypatch.setattr(os, "write", write_what_fits)
    for text in ("one", "two", "three"):
        pipe.handler.takes(f"{text}\n".encode())
    assert file.read_text() == "one\ntwo\n"
    room[0] = 3
    pipe.handler.takes(b"four\n")
    room[0] = 1000
    for text in ("five", "six"):
        pipe.handler.takes(f"{text}\n".encode())

    assert [line.strip() for line in file.read_text().splitlines()] == (
        ["one", "two", "four", "five", "log_lines_dropped 1", "six"]
    )
