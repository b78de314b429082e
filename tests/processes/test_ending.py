"""A command whose pipe breaks: the one that it prints to, or one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRINTS_ON = "while True: print('x' * 1000, flush=True)"
ITS_OWN_BREAKS = "raise BrokenPipeError(32, 'of a connection')"


def start(work: str, **streams: int) -> subprocess.Popen[str]:
    script = f"""
import sys
from gateway.ending import run_to_its_end

def command():
    {work}

sys.exit(run_to_its_end(command))
"""
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, text=True, **streams)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_without_a_reader_it_ends_quietly(stream: str) -> None:
    reader, writer = os.pipe()
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    work = PRINTS_ON.replace("flush", f"file=sys.{stream}, flush")
    ran = start(work, **{stream: writer, other: subprocess.PIPE})
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)

    told = ran.communicate(timeout=30)

    assert (ran.returncode, [text for text in told if text]) == (0, [])


def test_a_connection_of_its_own_that_breaks_is_an_error() -> None:
    ran = start(ITS_OWN_BREAKS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    _, told = ran.communicate(timeout=30)

    assert ran.returncode == 1
    assert "BrokenPipeError: [Errno 32] of a connection" in told
