"""Where and from what a result comes: processor, kernel, tool versions and commit; nothing that names the machine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def facts() -> dict[str, str | int]:
    """What figures depend on."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "processor": model[1] if model else platform.processor(),
        "processors": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "node": _version("node", "--version"),
        "go": _version("go", "version"),
        "nginx": _version("nginx", "-v"),
    }


def commit() -> str:
    """The short id of the commit that is checked out, with ``-dirty`` where files differ from it."""
    return _output("git", "-C", str(_ROOT), "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*") or "unknown"


def _version(tool: str, option: str) -> str:
    found = re.search(r"\d+\.\d+(\.\d+)?", _output(tool, option))
    return found[0] if found else "none"


def _output(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode else (done.stdout or done.stderr).strip()
