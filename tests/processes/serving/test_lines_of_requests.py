"""Lines wait for others where a loop ends the wait, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processes.commands import environment

# What a worker of gunicorn's does: it patches, loads the application, serves a request, and goes on with its loop.
WORKER = """
import sys, time
from gevent import monkey
if {is_patched}:
    monkey.patch_all()
from gunicorn.config import Config
import gateway.server
gateway.server.logger_class(Config())
from wsgi import app
app.test_client().get("/no-such-path")
print("answered", file=sys.stderr)
time.sleep(1.0)
print("a second later", file=sys.stderr)
"""

LATER = """
import gevent
from gateway.serving.later import Later
ran, later = [], Later(0.3)
later(lambda: ran.append("ran"))
gevent.sleep(0.1)
print(ran)
gevent.sleep(0.6)
print(ran)
"""


@pytest.mark.parametrize(
    ("is_patched", "told"),
    [
        (True, ["answered", "request_ended", "a second later"]),
        # As with `-k sync` or `-k gthread`.
        (False, ["request_ended", "answered", "a second later"]),
    ],
)
def test_a_line_comes_though_no_other_request_does(is_patched, told, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER.format(is_patched=is_patched)],
        env={"PATH": os.environ["PATH"], **environment(tmp_path, LOG_FORMAT="json", CORE_AUTH="none")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert [word for line in ran.stderr.splitlines() for word in told if word in line] == told


@pytest.mark.parametrize("loop", ["libev-cext", "libuv-cffi"])
def test_they_wait_as_long_in_either_loop_of_gevent(loop):
    ran = subprocess.run(
        [sys.executable, "-c", LATER],
        env={"PATH": os.environ["PATH"], "GEVENT_LOOP": loop},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ran.stdout == "[]\n['ran']\n"
