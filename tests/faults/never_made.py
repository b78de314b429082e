"""An application whose making never ends, so that a worker which loads it stays in its start."""

from __future__ import annotations

import signal

while True:
    signal.pause()
