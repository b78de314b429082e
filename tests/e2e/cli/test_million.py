"""A million rows: memory stays flat, and a cut after each tenth goes on where it was."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.cli.command import Command

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]
ROWS = 1_000_000
FEW = 10_000
WHOLE = 600
"""Seconds for a whole run, on a machine that does much else."""
MOST_MORE_MIB = 16
# What wait4 tells is not below the peak of this process, from which the command is forked.
MEASURED = """
import re, sys
from cli.commands.main import main
try:
    main()
finally:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""
_ID = re.compile(rb'"actionId":"(\d+)"')


class Ready(ThreadingHTTPServer):
    """A gateway that applies everything at once. ``applied`` counts each id, once for each key.

    ``parts`` are those of its one job, by number; each has its ids.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Request)
        self.applied, self.keys = bytearray(ROWS + 1), set()
        self.parts, self.jobs, self.started = {}, [], False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if "/results" in self.path:
            self.results(int(parse_qs(urlsplit(self.path).query).get("since", ["0"])[0]))
            return
        self.answer(b'{"actions": {"max_items": 1000, "max_bytes": 5242880, "idempotency_seconds": 86400}}')

    def do_PATCH(self):
        ids = _ID.findall(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Idempotency-Key"] not in self.server.keys:
            self.server.keys.add(self.headers["Idempotency-Key"])
            for one in ids:
                self.server.applied[int(one)] += 1
        self.answer(b'{"data":[%b]}' % b",".join(b'{"actionId":"%b"}' % one for one in ids))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/start"):
            self.server.started = True
            self.answer(b'{"id":"J1","state":"running"}', 202)
        else:
            self.server.jobs.append(self.headers["Idempotency-Key"])
            self.answer(b'{"id":"J1","state":"uploading"}', 201)

    def do_PUT(self):
        number = int(self.path.rpartition("/")[2])
        self.server.parts[number] = _ID.findall(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(b"", 204)

    def results(self, since):
        """Half a part a page. The cursor counts them."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pages = [(number, half) for number in sorted(self.server.parts) for half in (0, 500)]
        for cursor, (number, half) in enumerate(pages[since:], since + 1):
            ids = self.server.parts[number][half : half + 500]
            lines = [
                b'{"part":%d,"line":%d,"actionId":"%b","outcome":"applied"}\n' % (number, half + line, one)
                for line, one in enumerate(ids, 1)
            ]
            self.piece(b"".join(lines) + b'{"cursor":"%d"}\n' % cursor)
        self.piece(b'{"cursor":"%d","complete":true}\n' % len(pages))
        self.piece(b"")

    def piece(self, body):
        """A chunk; the empty one is the last (RFC 9112 section 7.1)."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def ready():
    with Ready() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def command(ready, tmp_path):
    stack = SimpleNamespace(gateway=ready, identity=ready)
    command = Command(stack, tmp_path)
    command.environment["ACTIONS_TOKEN"] = "token"
    return command


def write(command, count, name):
    path = command.folder / name
    with path.open("w") as file:
        file.write("actionId,status,title.en,due_date\n")
        file.writelines(
            f"{number},done,Leave approval {number},2024-01-10T08:51:15+02:00\n" for number in range(1, count + 1)
        )
    return path


def peak(command, path, mode):
    """Of a whole run, in MiB."""
    measured = [sys.executable, "-c", MEASURED, "update", str(path), mode, "--quiet"]
    ran = subprocess.run(measured, cwd=command.folder, env=command.environment, capture_output=True, check=True)
    return int(ran.stdout) / 1024


@pytest.mark.parametrize("mode", ["--sync", "--async"])
def test_memory_does_not_grow_with_the_file(command, ready, mode):
    few = peak(command, write(command, FEW, "few.csv"), mode)
    ready.parts.clear()
    many = peak(command, write(command, ROWS, "many.csv"), mode)

    print(f"peak {few:.0f} MiB for {FEW:,} rows, {many:.0f} MiB for {ROWS:,}")
    assert many < few + MOST_MORE_MIB


def test_a_cut_after_each_tenth_goes_on_where_it_was(command, ready):
    path = write(command, ROWS, "many.csv")
    for tenth in range(1, 10):
        process = command.start("update", str(path), "--sync", "--quiet")
        assert command.wait_until(lambda tenth=tenth: len(ready.keys) >= 100 * tenth, process, WHOLE)
        command.end(process)

    ran = command.run("update", str(path), seconds=WHOLE)

    assert ran.returncode == 0
    assert f"many.csv: {ROWS:,} rows are valid; 9" in ran.stderr
    assert set(ready.applied[1:]) == {1}
    assert len(ready.keys) == ROWS // 1000


def test_a_job_that_is_cut_off_after_each_tenth_of_its_upload_goes_on_where_it_was(command, ready):
    path = write(command, ROWS, "many.csv")
    for tenth in range(1, 10):
        process = command.start("update", str(path), "--quiet")
        assert command.wait_until(lambda tenth=tenth: len(ready.parts) >= 100 * tenth, process, WHOLE)
        command.end(process)

    ran = command.run("update", str(path), seconds=WHOLE)

    assert ran.returncode == 0
    assert len(ready.jobs) == 1
    assert [len(ready.parts[number]) for number in range(1, ROWS // 1000 + 1)] == [1000] * 1000
    assert f"All {ROWS:,} updates are applied." in ran.stderr
