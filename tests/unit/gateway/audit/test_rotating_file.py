from __future__ import annotations

import os
import resource
import stat
import time

import pytest

from gateway.audit.rotating_file import RotatingFile
from gateway.audit.sink import AuditUnavailable
from gateway.audit.standard_output import StandardOutput

DAY = 86_400


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "audit.jsonl"


def lines(first, last):
    return [b"%d\n" % number for number in range(first, last)]


def test_only_its_owner_can_read_it(path):
    RotatingFile(path, max_bytes=8000, days=1).write(lines(0, 1))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_is_rotated_and_all_files_together_stay_within_the_bound(path):
    file = RotatingFile(path, max_bytes=800, days=1)
    for number in range(1000):
        file.write(lines(10_000 + number, 10_001 + number))

    files = [each for each in path.parent.iterdir() if each.suffix != ".lock"]
    newest = list(file.newest())
    assert sum(each.stat().st_size for each in files) <= 800
    assert {each.name for each in files} == {"audit.jsonl", *(f"audit.jsonl.{number}" for number in range(1, 8))}
    assert newest == [b"%d" % number for number in range(10_999, 10_999 - len(newest), -1)]
    assert len(newest) > 100


def test_a_line_is_found_once_though_the_file_is_rotated_while_it_is_read(path):
    file = RotatingFile(path, max_bytes=80, days=1)
    for number in range(10_000, 10_004):
        file.write(lines(number, number + 1))
    found = file.newest()
    first = next(found)
    file.write(lines(10_004, 10_005))

    assert [first, *found] == [b"10003", b"10002", b"10001", b"10000"]


def test_a_file_that_is_removed_while_it_is_read_hides_no_older_one(path):
    file = RotatingFile(path, max_bytes=80, days=1)
    for number in range(10_000, 10_003):
        file.write(lines(number, number + 1))
    found = file.newest()
    first = next(found)
    path.with_name("audit.jsonl.1").unlink()

    assert [first, *found] == [b"10002", b"10001", b"10000"]


def test_a_file_whose_last_line_is_too_old_is_removed_when_the_next_is_rotated(path):
    file = RotatingFile(path, max_bytes=80, days=2, clock=lambda: time.time() + 3 * DAY)
    for number in range(4):
        file.write(lines(10_000 + number, 10_002 + number))

    assert {each.name for each in path.parent.iterdir()} == {"audit.jsonl", "audit.jsonl.lock"}


def test_a_disk_that_takes_a_part_of_a_line_keeps_none_of_it(path):
    file = RotatingFile(path, max_bytes=1_000_000, days=1)
    file.write([b"kept\n"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(AuditUnavailable, match="ENOSPC"):
            file.write([b"not kept at all\n"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    file.write([b"later\n"])
    assert list(file.newest()) == [b"later", b"kept"]


def test_a_disk_that_takes_the_first_of_many_lines_says_how_many(path):
    """After an outage, more lines may wait than one file holds."""
    file = RotatingFile(path, max_bytes=8 * 8, days=1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(AuditUnavailable, match="ENOSPC") as told:
            file.write([b"1\n", b"2\n", b"3\n", b"4\n", b"5\n", b"as long as no file\n", b"7\n"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (told.value.written, list(file.newest())) == (5, [b"5", b"4", b"3", b"2", b"1"])


def test_a_folder_that_cannot_be_written_is_told_with_its_path(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(AuditUnavailable, match="EEXIST"):
        RotatingFile(tmp_path / "file" / "audit.jsonl", max_bytes=800, days=1).write([b"1\n"])


def test_standard_output_waits_for_its_reader_and_loses_nothing():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    got = []
    output = StandardOutput(writer, pause=lambda _: got.append(os.read(reader, 65_536)))

    output.write([b"x" * 50_000 + b"\n"] * 4)

    os.close(writer)
    while data := os.read(reader, 65_536):
        got.append(data)
    os.close(reader)
    assert b"".join(got) == (b"x" * 50_000 + b"\n") * 4
    with pytest.raises(AuditUnavailable, match="standard output"):
        output.newest()


def test_standard_output_that_nobody_reads_any_more_is_told():
    reader, writer = os.pipe()
    os.close(reader)

    with pytest.raises(AuditUnavailable, match="Broken pipe"):
        StandardOutput(writer).write([b"1\n"])
    os.close(writer)
