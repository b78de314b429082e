"""What is done for a request when its answer has left, while its client reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Calls = list[Callable[[], object]]
AFTERWARDS = "gateway.afterwards"
"""Of an environment: a list of what the server does then, in its order, whatever became of the answer."""


def do_afterwards(environ: Mapping[str, Any], call: Callable[[], object]) -> None:
    """Of a server without such a list it is done at once."""
    calls: Calls | None = environ.get(AFTERWARDS)
    if calls is None:
        call()
    else:
        calls.append(call)
