from __future__ import annotations

import ssl
import sys
import warnings
from typing import TYPE_CHECKING

from gevent.monkey import MonkeyPatchWarning

if TYPE_CHECKING:
    from collections.abc import Callable


def patch_with_tls(patch: Callable[[], None]) -> None:
    """Call gevent's ``patch``, and give urllib3 the TLS that stands in `ssl` after it."""
    # The server's settings have imported urllib3 by now, which keeps the class that it found. That one refers to the new
    # one by its name, so that each use ends in a RecursionError. gevent warns of it; it is mended below.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MonkeyPatchWarning)
        patch()
    if (urllib3_tls := sys.modules.get("urllib3.util.ssl_")) is not None:
        urllib3_tls.SSLContext = ssl.SSLContext  # type: ignore[attr-defined]  # a module's names are not known here
