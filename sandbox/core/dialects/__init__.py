"""The same core in other words: each dialect turns a call into the core's own, and the core's answer into its own.

``sandbox/maps`` has a map for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.dialects.nested import Nested
from sandbox.core.dialects.rpc import Rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.core.dialects.base import Dialect

DIALECTS: Mapping[str, Callable[[], Dialect]] = {"rpc": Rpc, "nested": Nested}
