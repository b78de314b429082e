"""What a worker loads, and what it does not."""

from __future__ import annotations

import subprocess
import sys


def test_the_client_of_keycloak_loads_no_tools_of_a_terminal() -> None:
    script = """
import sys
import gateway.auth.keycloak.client
print(sorted({name.partition(".")[0] for name in sys.modules} & {"httpx", "rich", "pygments"}))
"""

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert output.stdout == "['httpx']\n"
