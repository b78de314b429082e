from __future__ import annotations

import re
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialHead:
    """The head of a refused request, as far as it was read. What is not known is empty.

    ``request_id`` is the caller's own, well-formed or not. ``began`` is of the performance counter, in seconds.
    """

    method: str = ""
    scheme: str = ""
    host: str = ""
    request_id: str = ""
    began: float = field(default_factory=time.perf_counter)


def values_in(lines: bytes | bytearray, name: str) -> list[str]:
    """Without white space, from lines that were read to their end."""
    # Possessive, so that many spaces are not tried in many ways.
    line = rf"^{re.escape(name)}:[ \t]*+([^ \t\r\n]*+)[ \t]*+\r$"
    return [value.decode("latin-1") for value in re.findall(line.encode(), lines, re.IGNORECASE | re.MULTILINE)]
