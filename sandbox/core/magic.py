"""Action ids that stand for a fault, so that a partner can see each answer without a tool.

``90xxx`` always shows its fault; ``91xxx`` shows it on the first try of each ``Idempotency-Key`` (without a key: on the
first call) and then behaves.
"""

from __future__ import annotations

ALWAYS = 90_000
FIRST_TRY = 91_000

FAULT_OF_NUMBER = {
    202: "202",
    204: "204",
    302: "redirect",
    401: "401",
    403: "403",
    404: "404",
    409: "409",
    422: "rejected",
    429: "429",
    500: "500",
    501: "500-after",
    502: "502",
    503: "503",
    598: "slow",
    599: "hang",
    600: "reset",
    601: "garbage",
    602: "truncate",
    603: "vanish",
    604: "html",
    605: "wrong-id",
    606: "list",
    607: "drip",
    608: "huge",
    609: "empty",
    610: "reset-after",
    611: "hang-after",
    612: "null",
    613: "close",
}

MAGIC_IDS = tuple(base + number for base in (ALWAYS, FIRST_TRY) for number in FAULT_OF_NUMBER)


def fault_of(action_id: str) -> str | None:
    """The fault that an id stands for, or None for an ordinary id."""
    if len(action_id) != 5 or action_id[:2] not in {"90", "91"}:
        return None
    return FAULT_OF_NUMBER.get(int(action_id[2:]))
