from __future__ import annotations

from gevent import get_hub


def end_quietly() -> None:
    """A command that is stopped says so itself: this thread's event loop prints no traceback of a KeyboardInterrupt."""
    hub = get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, KeyboardInterrupt)
