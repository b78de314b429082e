"""The lock file is complete, and the bill of materials is valid."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from deploy.audit import LOCK

PINNED = re.compile(r"([a-z0-9][a-z0-9-]*)==(\S+)( ; .+)?(?: --hash=sha256:[0-9a-f]{64})+")


def requirements(lock):
    """One line per requirement, continuation lines joined."""
    text = lock.read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def names(lock):
    return {PINNED.fullmatch(line)[1] for line in requirements(lock)}


def test_the_lock_file_is_complete_so_that_no_dependency_need_be_looked_for():
    checked = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=60, check=False
    )

    assert checked.returncode == 0, checked.stdout


def test_the_bill_of_materials_is_valid_and_lists_what_runs(tmp_path):
    bill = tmp_path / "sbom.json"
    made = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", "--validate", "-o", str(bill), LOCK / "runtime.txt"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert made.returncode == 0, made.stderr
    document = json.loads(bill.read_text())
    assert document["bomFormat"] == "CycloneDX"
    assert {part["name"] for part in document["components"]} == names(LOCK / "runtime.txt")
