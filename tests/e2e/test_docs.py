"""What the docs and the README tell a partner to send, sent: the status in the comment above each curl comes back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from sandbox.identity.realm import CLIENTS, REALM
from tests.docs import blocks

pytestmark = pytest.mark.e2e
CURL = 'curl() { command curl --silent --show-error --output /dev/null --write-out "%{http_code}\\n" "$@"; }\n'
# A job needs a worker: tests/e2e/test_large_jobs.py runs those with a title.
BLOCKS = [block for block in blocks("sh") if "curl -X" in block.text and not block.title]


@pytest.fixture(scope="module")
def environ(shared_stack):
    shell = {
        "GATEWAY": shared_stack.gateway.url,
        "TOKEN": shared_stack.token(),
        "API_KEY": shared_stack.api_key("docs"),
        "KEYCLOAK": shared_stack.identity.url,
        "REALM": REALM,
        "CLIENT_ID": "partner",
        "CLIENT_SECRET": CLIENTS["partner"].secret,
    }
    return os.environ | shell


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_curl_gets_the_status_that_its_comment_says(block, environ, stack):
    ran = subprocess.run(["bash", "-c", CURL + block.text], env=environ, capture_output=True, text=True, timeout=100)

    assert ran.stdout.split() == re.findall(r"^# (\d{3}):", block.text, re.MULTILINE), ran.stderr
