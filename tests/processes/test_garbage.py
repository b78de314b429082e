"""What lasts as long as its process is not walked by the collector."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from gateway.garbage import spare_what_lasts
before = gc.get_freeze_count(), gc.get_threshold()[0]
spare_what_lasts()
print(before[0] < gc.get_freeze_count(), before[1] < gc.get_threshold()[0])
"""


def test_what_was_made_so_far_is_walked_no_more_and_the_rest_seldom():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout.split() == ["True", "True"]
