"""The JSON object of an API key, in the database and in the file.

::

    {"id": "…", "name": "…", "hash": "sha256:…", "scopes": ["INTEGRATION_API"], "integrations": ["<uuid>"] or null,
     "rate": "500/minute" or "", "created": <Unix seconds>, "revoked": <Unix seconds, 0: no>,
     "previous_hash": "sha256:…" or "", "previous_until": <Unix seconds>}
"""

from __future__ import annotations

import dataclasses
import re
import uuid
from dataclasses import dataclass
from typing import Any

from gateway.rate_text import RATE_FORM, match_rate

_hash = re.compile(r"sha256:[0-9a-f]{32}:[0-9a-f]{64}").fullmatch
_TEXTS = ("id", "name", "hash", "rate", "previous_hash")
_TIMES = ("created", "revoked", "previous_until", "last_used")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """``integrations`` None: all. ``rate`` empty: the default. Times are Unix seconds, 0: never.

    ``previous_hash`` is of the secret before the last rotation, valid until ``previous_until``.
    """

    id: str
    name: str
    hash: str
    scopes: frozenset[str]
    integrations: frozenset[str] | None = None
    rate: str = ""
    created: float = 0
    revoked: float = 0
    previous_hash: str = ""
    previous_until: float = 0
    last_used: float = 0

    def entry(self) -> dict[str, Any]:
        """Without ``last_used``."""
        entry = dataclasses.asdict(self)
        del entry["last_used"]
        entry["scopes"] = sorted(self.scopes)
        entry["integrations"] = None if self.integrations is None else sorted(self.integrations)
        return entry


def from_entry(entry: Any, *, last_used: float = 0) -> ApiKey:
    """Raises ValueError with the field at fault."""
    if not isinstance(entry, dict):
        raise ValueError("a key must be an object")
    unknown = entry.keys() - {field.name for field in dataclasses.fields(ApiKey)}
    if unknown:
        raise ValueError(f"unknown field: {', '.join(sorted(unknown))}")
    missing = [name for name in ("id", "name", "hash") if not entry.get(name)]
    # An empty list is a value and grants nothing.
    missing += ["scopes"] if entry.get("scopes") is None else []
    if missing:
        raise ValueError(f"missing field: {', '.join(missing)}")
    _check(entry)
    integrations = entry.get("integrations")
    return ApiKey(
        **{
            **entry,
            "scopes": frozenset(entry["scopes"]),
            "integrations": None if integrations is None else frozenset(map(canonical_uuid, integrations)),
            "last_used": last_used,
        }
    )


def canonical_uuid(text: str) -> str:
    """Lower case, with hyphens. Raises ValueError."""
    return str(uuid.UUID(text))


def _check(entry: dict[str, Any]) -> None:
    for name in _TEXTS:
        _demand(isinstance(entry.get(name, ""), str), f"{name} must be text")
    for name in _TIMES:
        value = entry.get(name, 0)
        _demand(isinstance(value, int | float) and not isinstance(value, bool), f"{name} must be a number")
    for name in ("hash", "previous_hash"):
        _demand(not entry.get(name) or _hash(entry[name]) is not None, f"{name} must be sha256:<salt>:<hash>")
    _demand(not entry.get("rate") or match_rate(entry["rate"]) is not None, f"rate must be {RATE_FORM}")
    for name in ("scopes", "integrations"):
        value = entry.get(name)
        texts = isinstance(value, list) and all(isinstance(text, str) for text in value)
        _demand(texts or (name == "integrations" and value is None), f"{name} must be a list of texts")


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
