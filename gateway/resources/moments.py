"""``YYYY-MM-DD HH:MM:SS`` in UTC ↔ Unix seconds (``contract.md`` section 3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- both sides speak UTC without a zone; an aware value costs twice as much
_KEPT = 4096


# The same times come again and again, and a look-up costs a tenth of the conversion.
@lru_cache(maxsize=4096)
def unix_seconds(text: str | None) -> int | None:
    """``2024-01-10 06:51:15`` (UTC)."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text) - _EPOCH
    return moment.days * 86_400 + moment.seconds


class PublicTimes(dict[int, str]):
    """Unix seconds → ``2024-01-10 06:51:15`` (UTC). Raises OverflowError outside years 1 to 9999."""

    def __missing__(self, seconds: int) -> str:
        if len(self) >= _KEPT:
            self.clear()
        text = self[seconds] = str(_EPOCH + timedelta(seconds=seconds))
        return text
