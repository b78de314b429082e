"""An operator's command over a folder of its own. No server is asked."""

from __future__ import annotations

import os
import subprocess
import sys


def environment(state, **more):
    """All settings of the gateway that have no default, and ``more`` by their short names."""
    own = {
        "CORE_URL": "http://127.0.0.1:9",
        "KEYCLOAK_URL": "http://127.0.0.1:9",
        "KEYCLOAK_REALM": "partners",
        "KEYCLOAK_AUDIENCE": "gateway",
        "STATE_DIR": str(state),
        **more,
    }
    return {f"GATEWAY_{name}": value for name, value in own.items()}


def run(module, env, *arguments):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
