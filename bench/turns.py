"""How long a process keeps a processor that it shares.

By itself Linux gives each 3 ms. Then it finds the caches full of the others' data, and an item costs 43 µs where it costs 33 on a
processor of its own, as a worker has one in life.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.processes import Process

# sched_setattr(2), which Python lacks.
_NUMBERS = {"x86_64": 314, "aarch64": 274}
# Its first version: size, policy, flags, nice, priority, runtime, deadline and period.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
# The kernel takes 0.1 to 100 ms. To fill the caches anew takes some 0.6 ms.
TURN_SECONDS = 0.025


def take_long_turns(process: Process, seconds: float = TURN_SECONDS) -> None:
    """Of each thread that it and its children have now; what these start has as long ones.

    Nothing changes before Linux 6.12, and for threads whose turns are not shared out by time (`chrt -f`). Where the system
    refuses, stderr says so.
    """
    try:
        for usage in process.usages():
            # It, or a thread of it, may have ended meanwhile.
            with contextlib.suppress(FileNotFoundError):
                for thread in Path(f"/proc/{usage.pid}/task").iterdir():
                    with contextlib.suppress(ProcessLookupError):
                        _lengthen(int(thread.name), seconds)
    except OSError as exc:
        # The figures are less exact, and no less true.
        print(f"bench: processors are shared in short turns: {exc.strerror}", file=sys.stderr, flush=True)


def _lengthen(thread: int, seconds: float) -> None:
    """Raises OSError."""
    policy = os.sched_getscheduler(thread)
    if policy not in {os.SCHED_OTHER, os.SCHED_BATCH}:
        return
    nice = os.getpriority(os.PRIO_PROCESS, thread)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, 0, nice, 0, round(seconds * 1e9), 0, 0)
    kernel = ctypes.CDLL(None, use_errno=True)
    # No call has the number -1, so the kernel says that it has none.
    if kernel.syscall(_NUMBERS.get(platform.machine(), -1), thread, attributes, 0):
        raise OSError(error := ctypes.get_errno(), os.strerror(error))
