"""What a start without traces, or without their extra, imports and says."""

from __future__ import annotations

import re
import subprocess
import sys


def test_switched_off_opentelemetry_is_not_imported() -> None:
    script = """
import sys
from gateway.telemetry.instruments import connect_traces
connect_traces(enabled=False, version="1")
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert output.stdout == "[]\n"


def test_without_the_extra_the_start_stops_with_one_line_that_names_it() -> None:
    script = """
import sys
sys.modules["opentelemetry"] = None
from gateway.telemetry.instruments import connect_traces
from gateway.telemetry.traces import TracesUnavailable
try:
    connect_traces(enabled=True, version="1")
except TracesUnavailable as exc:
    print(exc)
"""

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert re.fullmatch(r"GATEWAY_TRACES: needs the extra `traces` .*\n", output.stdout)
