"""NDJSON, JSON arrays, gzip and standard input: each becomes rows that can be read again."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading

import pytest

from cli.errors import Refused, Unwritable, Usage
from cli.rows import json_array, opening
from cli.rows.json_rows import JsonRows, read_item
from cli.rows.opening import Reading, open_input, spooled_input

ITEMS = [{"actionId": "1", "title": {"en": "é\n"}}, {"actionId": 2, "status": "done"}]


def rows_in(path):
    rows = JsonRows(path)
    return list(rows.read(rows.start, None, rows.first_line))


def test_each_line_is_an_item_and_empty_lines_count(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text('{"actionId":"1"}\n\n{"actionId":"2"}', encoding="utf-8")

    first, second = rows_in(path)

    assert [(row.line, row.item) for row in (first, second)] == [(1, {"actionId": "1"}), (3, {"actionId": "2"})]
    rows = JsonRows(path)
    assert list(rows.read(second.start, second.end, 3)) == [second]


def test_what_an_earlier_run_noted_is_left_out():
    assert read_item('{"actionId": "1", "_error_code": "x", "_error": "y", "_retryable": true}') == (
        {"actionId": "1"},
        None,
    )


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('{"actionId": "1", "actionId": "2"}', "invalid_json", "Has the name 'actionId' twice."),
        ('{"a": NaN}', "invalid_json", "NaN is no JSON."),
        ('{"a": "\\ud800"}', "invalid_json", "half of a surrogate pair"),
        ('{"a": 1', "invalid_json", "Is not JSON: Expecting ',' delimiter at character 8."),
        ("[1]", "invalid_type", "Must be an object."),
        ('{"a": ' + "9" * 5_000 + "}", "invalid_json", "a number is too long"),
        ("[" * 100_000, "invalid_json", "nests too deep"),
    ],
)
def test_json_is_read_as_strictly_as_the_gateway_reads_it(text, code, said):
    item, problem = read_item(text)

    assert (item, problem.code) == ({}, code)
    assert said in problem.detail


@pytest.mark.parametrize("document", [ITEMS, {"data": ITEMS}, []])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("piece", [1, 7, 65_536])
def test_a_json_array_becomes_lines_whatever_pieces_it_comes_in(monkeypatch, document, indent, piece):
    monkeypatch.setattr(json_array, "_PIECE", piece)
    text = json.dumps(document, indent=indent, ensure_ascii=False)

    lines = list(json_array.items_in(io.BytesIO(b"\xef\xbb\xbf" + text.encode())))

    assert [json.loads(line) for line in lines] == (document["data"] if isinstance(document, dict) else document)
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"items": []}', "the document must be an array of items"),
        ('{"data": [], "more": 1}', "the document must be an array of items"),
        ("7", "the document must be an array of items"),
        ('[{"a": 1} {"b": 2}]', "item 1: a comma or a closing bracket must follow"),
        ('[{"a": 1}, {"b": ]', "item 2: "),
        ("[{}] []", "something follows the end of the document"),
        ('[{"a": "\xe9', "UTF-8"),
        ("[" + "[" * 100_000, "nests too deep"),
    ],
)
def test_a_document_of_another_form_is_refused_with_its_item(text, said):
    with pytest.raises(Refused) as refusal:
        list(json_array.items_in(io.BytesIO(text.encode("latin-1"))))

    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "head", "form"),
    [
        ("a.csv", b"", "csv"), ("a.CSV.gz", b"", "csv"), ("a.tsv", b"", "csv"), ("a.jsonl", b"", "ndjson"), ("a.json.gz", b"", "json"),
        ("a", b"\xef\xbb\xbf [1", "json"), ("a", b'{"a"', "ndjson"), ("a", b"actionId,", "csv"), ("data.2024", b"[", "json"),
    ],
)  # fmt: skip
def test_the_form_is_told_by_the_name_and_else_by_the_first_byte(name, head, form):
    assert opening._form(name, head) == form


def test_a_plain_file_is_read_where_it_stands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("actionId,status\n1,done\n")

    source = open_input(str(path), "", tmp_path / "spool")

    assert (source.path, source.form, source.size, source.spooled) == (path, "csv", 23, False)
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize("name", ["a.json", "a.ndjson.gz", "b.json.gz"])
def test_what_cannot_be_read_from_any_place_is_spooled_under_its_content(tmp_path, name):
    content = json.dumps(ITEMS) if ".json" in name else "".join(json.dumps(item) + "\n" for item in ITEMS)
    data = content.encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    source = open_input(str(path), "", tmp_path / "spool")
    again = open_input(str(path), "", tmp_path / "spool")

    rows = source.open(Reading())
    assert [row.item for row in rows.read(rows.start, None, rows.first_line)] == ITEMS
    assert source.path.name == f"{source.sha256}.{source.form}"
    assert again.sha256 == source.sha256
    assert [one.name for one in (tmp_path / "spool").iterdir()] == [source.path.name]


@pytest.mark.parametrize("data", [b"\x1f\x8bnonsense", gzip.compress(b"actionId,status\n" * 99, mtime=0)[:-9]])
def test_gzip_that_is_broken_is_refused_and_leaves_nothing(tmp_path, data):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(data)

    with pytest.raises(Refused, match="is not valid gzip"):
        open_input(str(path), "", tmp_path / "spool")
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_file_that_is_not_there_or_cannot_be_spooled_is_told(tmp_path):
    with pytest.raises(Usage, match="No such file"):
        open_input(str(tmp_path / "no.csv"), "", tmp_path)
    with pytest.raises(Usage, match="No such file"):
        spooled_input("-", "csv", tmp_path / "no")
    (tmp_path / "file").write_text("[]")
    with pytest.raises(Unwritable, match="Not a directory"):
        open_input(str(tmp_path / "file"), "json", tmp_path / "file" / "spool")


def test_how_a_file_is_read_survives_the_journal():
    reading = Reading(
        form="csv", csv=opening.CsvOptions(delimiter=";", null="\\N", ignore=("a", "b")), languages=("de",)
    )

    assert Reading.restored(json.loads(json.dumps(reading.saved("csv")))) == reading
    assert Reading.restored(Reading(form="json").saved("json")) == Reading(form="json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_a_pipe_of_the_shell_is_read_whole_though_it_cannot_be_read_twice(tmp_path, pack):
    lines = b"actionId,status\n" + b"1,done\n" * 50_000
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(pack(lines),))
    writer.start()

    source = open_input(str(pipe), "", tmp_path / "spool")
    writer.join()

    assert (source.form, source.path.read_bytes() == lines, source.spooled) == ("csv", True, True)
