"""One SQLite file, and many processes."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

from gateway.admission.sqlite_file import EmbeddedDatabase
from tests.doubles.facts import LAYOUT, names


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "facts.sqlite3"


@pytest.fixture
def database(path):
    with closing(EmbeddedDatabase(path, LAYOUT)) as made:
        yield made


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


def test_a_child_process_opens_its_own_connection(path):
    subprocess.run([sys.executable, "-c", FORK_WHILE_OPEN, str(path)], check=True, timeout=60)


OPEN_AT_ONCE = """
import sys
from pathlib import Path
from tests.doubles.facts import LAYOUT, add
from gateway.admission.sqlite_file import EmbeddedDatabase
sys.stdin.read(1)
for _ in range(20):
    add(EmbeddedDatabase(Path(sys.argv[1]), LAYOUT, busy_seconds=30))
"""


def test_many_processes_may_make_the_file_at_once(database, path):
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN_AT_ONCE, str(path)], stdin=subprocess.PIPE) for _ in range(4)
    ]
    for process in processes:
        process.communicate(b"x", timeout=60)

    assert [process.returncode for process in processes] == [0] * 4
    assert len(names(database)) == 80
