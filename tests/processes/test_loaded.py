"""What a worker loads, and what it does not."""

from __future__ import annotations

import subprocess
import sys

_WORKER = """
import os, sys
os.environ.update(
    GATEWAY_CORE_URL="http://127.0.0.1:9",
    GATEWAY_CORE_AUTH="none",
    GATEWAY_KEYCLOAK_URL="http://127.0.0.1:9",
    GATEWAY_KEYCLOAK_REALM="realm",
    GATEWAY_KEYCLOAK_AUDIENCE="gateway",
    GATEWAY_LOG_FORMAT="json",
)
import gateway.server
import gateway.serving.worker
import wsgi
unwanted = {"chardet", "charset_normalizer", "colorama", "pygments", "rich", "structlog"}
print(sorted({name.partition(".")[0] for name in sys.modules} & {"httpx", "requests", *unwanted}))
"""
_TEXT = """
import sys
import legacy_client
from requests import Response
response = Response()
response.raw, response._content = None, "Gr\\u00f6\\u00dfe".encode()
print(ascii(response.text), sorted(name for name in sys.modules if name.startswith("char")))
"""
_KEYCLOAK = """
import sys
import gateway.auth.keycloak.client
print(sorted({name.partition(".")[0] for name in sys.modules} & {"chardet", "charset_normalizer", "httpx", "rich"}))
"""


def test_a_worker_that_writes_json_loads_no_tools_of_a_terminal_and_nothing_that_guesses_charsets() -> None:
    assert _output_of(_WORKER) == "['httpx', 'requests']\n"


def test_the_client_of_keycloak_alone_loads_none_of_them_either() -> None:
    assert _output_of(_KEYCLOAK) == "['httpx']\n"


def test_a_text_that_names_no_charset_is_utf8() -> None:
    assert _output_of(_TEXT) == "'Gr\\xf6\\xdfe' []\n"


def _output_of(script: str) -> str:
    """Warnings are errors."""
    command = [sys.executable, "-W", "error::Warning:requests", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
