"""What the details of requests and batches are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

BatchKind = Literal["sync", "stream", "single"]
"""A batch with one answer, one answered line by line, or a single call."""
ReplayKind = Literal["replayed", "resumed"]
"""Whether a repeat got its stored answer, or was completed."""
APPLIED = ("applied", "ok")
"""Outcome and code of an item that was updated."""


class Failure(Protocol):
    @property
    def code(self) -> str:
        """One of ``gateway.item_codes``."""
        ...

    @property
    def outcome(self) -> str:
        """``not_applied``, ``not_sent`` or ``unknown``."""
        ...

    @property
    def reason(self) -> str:
        """For operators: errno, TLS alert or status, without data of the item. May be empty."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    index: int
    item_id: str
    code: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidRequest:
    """What validation found. ``codes`` and ``fields`` count the errors that its caller was shown, ``errors`` are all.

    ``fields`` are names of the contract, never what a caller sent. ``index`` is the first invalid item's; None: the document.
    """

    errors: int
    codes: Mapping[str, int]
    fields: Mapping[str, int]
    index: int | None = None
