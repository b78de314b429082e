"""SQLite files, and many processes."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

FORK_WHILE_OPEN = """
import os, sys
from pathlib import Path
from tests.doubles.facts import LAYOUT, add, names
from gateway.admission.sqlite_file import EmbeddedDatabase
database = EmbeddedDatabase(Path(sys.argv[1]), LAYOUT)
add(database, "parent")
child = os.fork()
if child == 0:
    add(database, "child")
    database.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
add(database, "parent again")
assert names(database) == ["parent", "child", "parent again"]
"""


def test_a_child_process_opens_its_own_connection(tmp_path):
    path = tmp_path / "state" / "facts.sqlite3"
    subprocess.run([sys.executable, "-c", FORK_WHILE_OPEN, str(path)], check=True, timeout=60)


MAKE_AT_ONCE = """
import sys, time
from pathlib import Path
from gateway.admission.sqlite_file import EmbeddedDatabase
from gateway.auth.api_keys.key import mint
from gateway.auth.api_keys.sqlite import SqliteKeys
from tests.doubles.facts import LAYOUT, add
from tests.unit.gateway.auth.key_records import record
key = record(mint())
start = float(sys.stdin.readline())
for number in range(60):
    path = Path(sys.argv[1]) / str(number)
    while time.monotonic() < start + 0.02 * number:
        pass
    USE
"""


@pytest.mark.parametrize(
    "use",
    [
        pytest.param("add(EmbeddedDatabase(path, LAYOUT, busy_seconds=30))", id="a store"),
        pytest.param("SqliteKeys(path).add(key)", id="API keys"),
    ],
)
def test_many_processes_may_make_a_file_at_once(tmp_path, use):
    program = [sys.executable, "-c", MAKE_AT_ONCE.replace("USE", use), str(tmp_path)]
    processes = [subprocess.Popen(program, stdin=subprocess.PIPE, text=True) for _ in range(4)]
    start = f"{time.monotonic() + 2}\n"
    for process in processes:
        process.stdin.write(start)
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)

    assert [process.returncode for process in processes] == [0] * 4
