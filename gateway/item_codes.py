"""Every way in which an item can fail, as one table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Applied(StrEnum):
    """Whether a failed item reached the core's data (``contract.md`` 1.3)."""

    NOT_APPLIED = "not_applied"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class ItemCode(NamedTuple):
    """``status``: of the item error; the core's own may replace it.

    ``detail``: for callers. ``meaning``: for the docs. ``outcomes``: those that the code goes with.
    ``final``: a repeat replays the error (``contract.md`` 1.5).
    """

    status: int
    retryable: bool
    detail: str
    meaning: str
    outcomes: tuple[Applied, ...]
    final: bool = False


_NOT_APPLIED, _NOT_SENT, _UNKNOWN = ((outcome,) for outcome in Applied)

ITEM_CODES: Mapping[str, ItemCode] = {
    "not_found": ItemCode(
        404, False, "{Name} {id} was not found.", "The core does not know this {name}.", _NOT_APPLIED, final=True
    ),
    "rejected": ItemCode(
        422,
        False,
        "The core rejected the update of {name} {id}.",
        "The core refused the values; `errors` holds its messages by field, or `message` its words about no field.",
        _NOT_APPLIED,
        final=True,
    ),
    "conflict": ItemCode(
        409,
        False,
        "The update of {name} {id} conflicts with its present state.",
        "The core refused the update because of the {name}'s present state; `message` may hold its words.",
        _NOT_APPLIED,
        final=True,
    ),
    "core_busy": ItemCode(
        503,
        True,
        "The core was too busy to update {name} {id}.",
        "The core asked to come back later, or the {name} is locked there, and the time for retries ran out.",
        _NOT_APPLIED,
    ),
    "core_unreachable": ItemCode(
        503,
        True,
        "The core could not be reached; {name} {id} was not sent.",
        "No connection to the core; nothing was sent.",
        _NOT_SENT,
    ),
    "core_timeout": ItemCode(
        504,
        True,
        "The core did not answer in time; {name} {id} may have been updated.",
        "The core did not answer in time; the update may have been applied.",
        _UNKNOWN,
    ),
    "core_error": ItemCode(
        502,
        True,
        "The core failed while updating {name} {id}.",
        "The core failed on this update (5xx).",
        _NOT_APPLIED + _UNKNOWN,
    ),
    "core_broke_off": ItemCode(
        502,
        True,
        "The core broke off before it answered; {name} {id} may have been updated.",
        "The connection broke before the answer was complete; the update may have been applied.",
        _UNKNOWN,
    ),
    "core_bad_answer": ItemCode(
        502,
        False,
        "The core's answer cannot be read; {name} {id} may have been updated.",
        "The core's answer cannot be read; the update may have been applied.",
        _UNKNOWN,
    ),
    "core_misconfigured": ItemCode(
        502,
        False,
        "The core cannot be used as it is set up; {name} {id} was not updated.",
        "The core and the gateway are not set up for each other; operators were told.",
        _NOT_APPLIED + _NOT_SENT,
    ),
    "deadline": ItemCode(
        504,
        True,
        "Time ran out before {name} {id} was sent.",
        "The batch's time ran out before this item was sent.",
        _NOT_SENT,
    ),
    "circuit_open": ItemCode(
        503,
        True,
        "The core is failing; {name} {id} was not sent.",
        "The core is failing; this item was held back.",
        _NOT_SENT,
    ),
    "shutting_down": ItemCode(
        503,
        True,
        "The gateway is stopping; {name} {id} was not sent.",
        "The gateway is stopping; this item was not sent.",
        _NOT_SENT,
    ),
    "journal_unavailable": ItemCode(
        503,
        True,
        "The idempotency journal could not be written; {name} {id} was not sent.",
        "The idempotency journal could not be written; this item was held back.",
        _NOT_SENT,
    ),
    "client_gone": ItemCode(
        503,
        True,
        "The caller left before {name} {id} was sent.",
        "The caller left before this item was sent.",
        _NOT_SENT,
    ),
    "interrupted": ItemCode(
        502,
        True,
        "An earlier run was cut off before {name} {id} was settled.",
        "An earlier run of this batch was cut off; where `outcome` is `unknown`, the update may have been applied.",
        _NOT_APPLIED + _NOT_SENT + _UNKNOWN,
    ),
    "chunk_abandoned": ItemCode(
        502,
        True,
        "A job gave {name} {id} up after five attempts.",
        "Five runs of a job brought its chunk no further, and the job went on without it.",
        _NOT_SENT + _UNKNOWN,
    ),
    "internal_error": ItemCode(
        500,
        False,
        "The gateway failed on {name} {id}.",
        "A fault of the gateway itself; operators were told.",
        _NOT_SENT + _UNKNOWN,
    ),
}
"""The closed list of item codes."""


# RFC 4918 section 11.3.
_DETAILS: Mapping[tuple[str, int], str] = {("core_busy", 423): "{Name} {id} is locked in the core; it was not updated."}


def detail(code: str, name: str, item_id: object, core_status: int = 0) -> str:
    """``core_status`` is what the core answered, if it did."""
    text = _DETAILS.get((code, core_status), ITEM_CODES[code].detail)
    return text.format(name=name, Name=name.capitalize(), id=item_id)
