"""What is told of an answer, whatever a core sends: nothing of somebody's data, and nothing that steers a reader."""

from __future__ import annotations

import resource
import socket
import tomllib
from contextlib import closing
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import orjson
import pytest

from gateway.core.check import answer_words
from gateway.core.check.answers import described, trouble
from gateway.core.check.finding import Finding
from gateway.core.check.journal import Journal, JournalFull
from gateway.core.check.machine import as_junit
from gateway.core.check.probes import clock, load
from gateway.core.check.shapes import shape_of
from legacy_client.errors import BadAnswer
from legacy_client.single.line import Place
from legacy_client.single.seen import Seen, Timing
from legacy_client.template import RequestTemplate
from legacy_client.transport.base import Tls


def seen(status=200, body=b"{}", **headers):
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Seen(status=status, headers=named, body=body, seconds=0.0, reading=BadAnswer())


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("/login?next=secret", "/login"),
        ("https://sso.test/login/ann@example.test;jsessionid=7", "/login/…"),
        ("/7f3a9c/reset", "another place"),
        ("/lo\x1b[31mgin", "another place"),
        ("http://[::1", "what is no address"),
        ("", "nowhere"),
    ],
)
def test_of_a_redirect_no_more_is_told_than_names_a_place(location, place):
    assert trouble(seen(302, Location=location)) == f"a redirect (302) to {place}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("application/json", "application/json"),
        ("text/html; charset=UTF-8", "text/html; charset=UTF-8"),
        ("text/html; token=secret", "an odd content type"),
        ("text/\x1b[31mhtml", "an odd content type"),
        ("", "no content type"),
    ],
)
def test_of_a_content_type_its_charset_is_told_and_nothing_else(given, told):
    assert described(seen(content_type=given)).startswith(f"200, {told}, 2 bytes with the hash ")


@pytest.mark.parametrize(
    "name",
    ["ann@example.test", "19353", "a b", "\x1b[31m", "\n", "\ud83d\ude00", "abcdef01-3c7b-4a53-9d8f-0b8f3d2c1a00"],
)
def test_a_name_that_may_be_data_is_not_told(name):
    assert shape_of(orjson.dumps({"id": 1} | {name.encode("utf-16", "surrogatepass").decode("utf-16"): 1})) in (
        "{id: integer, …: integer}",
        "{…: integer, id: integer}",
    )


def test_a_code_is_written_so_that_the_map_can_be_read():
    answer = seen(body=b'{"ok": false, "a.b": {"code": 1}, "error": {"code": "order.closed"}}')
    lines = [proposal.line for proposal in answer_words.proposals(answer, "rejected")]

    assert lines == [
        '[answers] ok_at = "ok"',
        '[answers] code_at = "error.code"',
        '[codes] "order.closed" = "rejected"',
    ]
    assert tomllib.loads(lines[2].replace("] ", "]\n")) == {"codes": {"order.closed": "rejected"}}


@pytest.mark.parametrize("date", ["Mon, 01 Jan 99999999999999 00:00:00 GMT", "Tuesday", "\x1b[31m"])
def test_a_date_that_is_none_is_a_warning(date):
    missing = SimpleNamespace(update=lambda: seen(Date=date))

    assert clock.probe(SimpleNamespace(missing=missing, wall_clock=lambda: 0.0)).told == "the Date of the core is none"


@pytest.mark.parametrize(("given", "told"), [("30", "30 s"), ("secret\x1b[31m", "not readable")])
def test_of_a_wait_its_seconds_are_told(given, told):
    busy = Timing(503, 0.1, is_success=False, retry_after=given)
    writes = SimpleNamespace(repeat_own=lambda *_: [busy])
    pace = SimpleNamespace(levels=(1,), level_seconds=1.0, calls_a_level=1)

    found = load.probe(SimpleNamespace(writes=writes, pace=pace))
    assert found.told == f"one call at a time fails: 1 at once ended with 503, Retry-After: {told}"


def test_junit_is_xml_whatever_was_found():
    found = {"reach": Finding(verdict="fail", told="a\x1b[31m\x00b <&\"'", evidence=["\x08"])}

    [case] = ET.fromstring(as_junit(found, []))
    assert case[0].get("message") == "a?[31m?b <&\"'"


def test_where_a_journal_cannot_be_written_the_run_ends_and_the_putting_back_does_not(tmp_path):
    journal = Journal(tmp_path / "calls", lambda: 0.0)
    journal.note("call", path="/1")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, before[1]))
    try:
        with pytest.raises(JournalFull, match=r"/calls: File too large$"):
            journal.note("call", path="/2")
        journal.note("call", path="/3")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.close()


def test_a_full_journal_is_never_taken_for_a_broken_connection():
    def full(*_, **__):
        raise JournalFull("calls: No space left on device")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = Place(
            base_url="http://{}:{}".format(*listener.getsockname()),
            proxy="",
            tls=Tls(),
            connect_seconds=1.0,
            answer_seconds=1.0,
            most_bytes=1000,
            read=lambda *_: BadAnswer(),
            note=full,
        )
        request = RequestTemplate.of("PATCH", place.base_url, {}).prepare("/7", b"{}", {})
        with closing(place.open()) as line, pytest.raises(JournalFull):
            line.ask(request, 7)
