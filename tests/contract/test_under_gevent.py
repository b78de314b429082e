"""The portable transport in a worker as it runs in production: with the standard library patched by gevent."""

from __future__ import annotations

import subprocess
import sys

RUN = """
from gevent import monkey
monkey.patch_all()
import sys, pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", "sessions", *sys.argv[1:]]))
"""
SUITES = ("tests/contract/test_seam.py", "tests/unit/legacy_client/transport/test_sessions.py")


def test_the_sessions_transport_keeps_its_promises_on_greenlets() -> None:
    run = subprocess.run([sys.executable, "-c", RUN, *SUITES], capture_output=True, text=True, timeout=100, check=False)

    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
