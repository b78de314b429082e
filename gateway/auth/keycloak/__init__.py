import sys

import legacy_client.charset_guess  # noqa: F401 -- before python-keycloak loads requests

# python-keycloak loads httpx, whose own command loads Rich and Pygments: four megabytes of each worker, for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # how Python is told that a module cannot be had
