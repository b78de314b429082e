"""gunicorn's own lines, through the gateway's pipeline; in a process of its own, since gunicorn's logger is the process's."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
from gunicorn.config import Config
from gateway.telemetry.logs.server_logger import server_logger

for _ in range(2):  # the second is what SIGHUP does
    logger = server_logger("json", "info")(Config())
logger.info("Listening at: %s", "http://127.0.0.1:8000")
logger.error("Error handling request %s", "/x\\r\\nforged")
logger.access(None, None, {}, None)
"""


def test_gunicorns_lines_are_rendered_once_and_cannot_be_forged() -> None:
    process = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)

    lines = [json.loads(line) for line in process.stderr.splitlines()]
    assert [(line["level"], line["event"], line["logger"]) for line in lines] == [
        ("info", "Listening at: http://127.0.0.1:8000", "gunicorn.error"),
        ("error", "Error handling request /x\\r\\nforged", "gunicorn.error"),
    ]
    assert process.stdout == ""
