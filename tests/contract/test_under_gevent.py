"""The transports in a worker as it runs in production: with the standard library patched by gevent."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = """
from gevent import monkey
monkey.patch_all()
import sys, pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", *sys.argv[1:]]))
"""
UNIT = "tests/unit/legacy_client/transport"
SUITES = {
    "hub": ("tests/contract/test_seam.py", "tests/contract/test_tls.py", f"{UNIT}/hub"),
    "sessions": ("tests/contract/test_seam.py", f"{UNIT}/sessions/test_transport.py"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SUITES)
def test_a_transport_keeps_its_promises_on_greenlets(kind: str) -> None:
    command = [sys.executable, "-c", RUN, kind, *SUITES[kind]]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
