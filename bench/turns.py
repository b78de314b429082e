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

    Nothing changes before Linux 6.12. Raises OSError.
    """
    kernel = ctypes.CDLL(None, use_errno=True)
    for usage in process.usages():
        for thread in Path(f"/proc/{usage.pid}/task").iterdir():
            # It may have ended meanwhile.
            with contextlib.suppress(ProcessLookupError):
                attributes = _attributes(os.getpriority(os.PRIO_PROCESS, int(thread.name)), seconds)
                if kernel.syscall(_NUMBERS[platform.machine()], int(thread.name), attributes, 0):
                    raise OSError(ctypes.get_errno(), "sched_setattr")


def _attributes(nice: int, seconds: float) -> bytes:
    return _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, round(seconds * 1e9), 0, 0)
