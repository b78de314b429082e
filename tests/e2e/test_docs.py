"""What the docs and the README tell a partner to send, sent: the status in the comment above each curl comes back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.docs import blocks

pytestmark = pytest.mark.e2e
CURL = 'curl() { command curl --silent --show-error --output /dev/null --write-out "%{http_code}\\n" "$@"; }\n'
BLOCKS = [block for block in blocks("sh") if "$GATEWAY" in block.text]


@pytest.fixture(scope="module")
def environ(shared_stack):
    shell = {
        "GATEWAY": shared_stack.gateway.url,
        "TOKEN": shared_stack.token(),
        "API_KEY": shared_stack.api_key("docs"),
    }
    return os.environ | shell


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_curl_gets_the_status_that_its_comment_says(block, environ, stack):
    ran = subprocess.run(["bash", "-c", CURL + block.text], env=environ, capture_output=True, text=True, timeout=100)

    assert ran.stdout.split() == re.findall(r"^# (\d{3}):", block.text, re.MULTILINE), ran.stderr


def test_the_program_of_the_first_batch_settles_every_item(environ, stack, core):
    [program] = [block.text for block in blocks("python") if block.page == "partners/first-batch.md"]

    ran = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=100)

    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert core.counts()["applied"] == 2
