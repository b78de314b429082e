"""``make setup``: a virtual environment with what a lock file names: ``python -m deploy.set_up FOLDER LOCK [--lean]``.

``--lean`` leaves out what only installs: another set-up of the folder brings it back. Knows nothing but the standard library, as nothing is installed yet.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.ending import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r")
# Named by no lock: a new environment has pip, and that of Python 3.11 setuptools.
LEAVE_OUT = ("-m", "pip", "uninstall", "-qq", "--yes", "--disable-pip-version-check", "setuptools", "pip")


def main(arguments: Sequence[str]) -> int:
    """Make the environment; 0, or the exit code of the step that failed. One that was begun and not ended is removed."""
    folder, lock = Path(arguments[0]), arguments[1]
    # One that has pip may be the one that tests are run in.
    is_lean = "--lean" in arguments and not (folder / "bin" / "pip").exists()
    print(f"Installing into {folder}; this takes a minute the first time.", flush=True)
    is_new = not folder.exists()
    try:
        # What the steps leave in the temporary folder where they are stopped goes with this one.
        with tempfile.TemporaryDirectory(prefix="set-up-") as leavings:
            python = str(folder / "bin" / "python")
            steps = [[sys.executable, "-m", "venv", str(folder)], [python, *INSTALL, lock], [python, *LEAVE_OUT]]
            codes = (_run(step, leavings) for step in (steps if is_lean else steps[:2]))
            return next((code for code in codes if code), 0)
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _run(command: Sequence[str], leavings: str) -> int:
    # In a session of its own: on Ctrl-C each of these would show where it was.
    process = subprocess.Popen(command, start_new_session=True, env=os.environ | {"TMPDIR": leavings})  # noqa: S603 -- fixed words and our own paths
    try:
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


if __name__ == "__main__":
    sys.exit(run_to_its_end(lambda: main(sys.argv[1:])))
