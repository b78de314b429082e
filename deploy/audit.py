"""Known weaknesses of what is locked (``make audit``): 1 where there is one, 0 where there is none or nobody could say.

pip-audit passes silently over packages that the advisory service does not know, which is all of them where an index
mirror answers in its place; this counts them, so that "none found" is never said of what nobody looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parent / "lock"
_COMMAND = (
    "pip_audit",
    "--progress-spinner",
    "off",
    "--timeout",
    "15",
    "--format",
    "json",
    "--require-hashes",
    "--disable-pip",
)
_SECONDS = 600


def verdict(name: str, output: str, complaint: str) -> tuple[int, str]:
    """Exit code and what to print, from what pip-audit wrote about one lock file to its two streams."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        reason = complaint.strip().splitlines()[-1:] or ["no output"]
        return 0, f"{name}: NOT AUDITED, the advisory service could not be asked: {reason[0]}"
    looked_at = [package for package in packages if "skip_reason" not in package]
    if not looked_at:
        return 0, f"{name}: NOT AUDITED, the advisory service knows none of its {len(packages)} packages"
    weak = [f"  {found['name']} {found['version']}: {', '.join(vuln['id'] for vuln in found['vulns'])}"
            for found in looked_at if found["vulns"]]  # fmt: skip
    skipped = f", {len(packages) - len(looked_at)} not known to the service" if len(looked_at) < len(packages) else ""
    summary = f"{name}: {len(looked_at)} packages audited, {len(weak)} with known weaknesses{skipped}"
    return int(bool(weak)), "\n".join([summary, *weak])


def main() -> int:
    """Audit every lock file."""
    worst = 0
    for lock in sorted(LOCK.glob("*.txt")):
        command = [sys.executable, "-m", *_COMMAND, "--requirement", str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 -- fixed arguments
        code, said = verdict(lock.name, done.stdout, done.stderr)
        sys.stdout.write(said + "\n")
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
