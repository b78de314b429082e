from __future__ import annotations

import subprocess
import sys

from gateway.audit.rotating_file import RotatingFile


def test_two_workers_write_whole_lines_into_one_file(tmp_path):
    path = tmp_path / "state" / "audit.jsonl"
    program = (
        "import sys; from pathlib import Path; from gateway.audit.rotating_file import RotatingFile\n"
        "file = RotatingFile(Path(sys.argv[1]), max_bytes=1_000_000, days=1)\n"
        "for n in range(200): file.write([b'%b:%d:%b\\n' % (sys.argv[2].encode(), n, b'x' * 500)] * 2)"
    )
    workers = [subprocess.Popen([sys.executable, "-c", program, path, name]) for name in "ab"]
    assert [worker.wait(60) for worker in workers] == [0, 0]

    whole = list(RotatingFile(path, max_bytes=1_000_000, days=1).newest())
    assert sorted(whole) == sorted(
        [b"%b:%d:%b" % (name, n, b"x" * 500) for name in (b"a", b"b") for n in range(200)] * 2
    )
