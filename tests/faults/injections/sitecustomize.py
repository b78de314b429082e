"""Faults that can only be injected from within: on ``PYTHONPATH`` of a gateway, this runs before anything else of it.

``FAULT_CLOCK`` names a file with seconds that the wall clock is off by, read at each look. ``FAULT_DNS`` names a file that
says what becomes of looking up ``core.test`` and ``redis.test``: an address, ``unknown``, or ``hang``.
"""

from __future__ import annotations

import _socket
import os
import time
from pathlib import Path

if clock_file := os.environ.get("FAULT_CLOCK"):
    _true_time, _offset = time.time, Path(clock_file)
    time.time = lambda: _true_time() + float(_offset.read_text())

if names_file := os.environ.get("FAULT_DNS"):
    _true_lookup, _names = _socket.getaddrinfo, Path(names_file)

    def _look_up(host, *arguments, **named):
        if host not in ("core.test", b"core.test", "redis.test", b"redis.test"):
            return _true_lookup(host, *arguments, **named)
        said = _names.read_text()
        if said == "hang":
            time.sleep(60)
        if said == "unknown":
            raise _socket.gaierror(_socket.EAI_NONAME, "Name or service not known")
        return _true_lookup(said, *arguments, **named)

    _socket.getaddrinfo = _look_up
