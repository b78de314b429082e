from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gateway.rate_text import RATE_FORM, match_rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_PARTNERS = 1000
"""Metrics have a series for each."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
OTHERS = "other"
"""Who is none of them, in metrics."""
_MOST_WORDS = 500
_KNOWN = frozenset({"principals", "rate", "share", "blocked", "dry_run_only", "partners"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """``principals`` are ids of callers; one that ends in ``*`` is a beginning.

    ``rate`` is of all of them together. ``share``: percent of the calls to the core that a worker makes at once; 0: all.
    ``blocked`` is what they are told. ``partner_ids`` None: as their credentials say.
    """

    name: str
    principals: Sequence[str]
    rate: str = ""
    share: int = 0
    blocked: str = ""
    dry_run_only: bool = False
    partner_ids: frozenset[str] | None = None


def read_partners(text: str) -> dict[str, Partner]:
    """By name, from ``partners.toml``. Raises ValueError with one line that names the place."""
    document = _document(text)
    if len(document) > MOST_PARTNERS:
        raise ValueError(f"must have at most {MOST_PARTNERS:,} partners; it has {len(document):,}")
    partners = {name: _partner(name, table) for name, table in document.items()}
    owners: dict[str, str] = {}
    for partner in partners.values():
        for principal in partner.principals:
            if (owner := owners.setdefault(principal, partner.name)) != partner.name:
                raise ValueError(f"{partner.name}.principals: {principal} is {owner}'s too")
    return partners


def _document(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as exc:
        raise ValueError("has too many levels") from exc


def _partner(name: str, table: Any) -> Partner:
    if not _NAME.fullmatch(name) or name == OTHERS:
        raise ValueError(f"{name!r}: a name must have 1 to 64 letters, digits, - and _, and not be {OTHERS!r}")
    if not isinstance(table, dict):
        raise ValueError(f"{name}: must be a table, [{name}]")
    if unknown := sorted(table.keys() - _KNOWN):
        raise ValueError(f"{name}.{unknown[0]}: not known; allowed: {', '.join(sorted(_KNOWN))}")
    return Partner(
        name=name,
        principals=_texts(name, table, "principals", least=1),
        rate=_rate(name, table),
        share=_share(name, table),
        blocked=_words(name, table),
        dry_run_only=_flag(name, table),
        partner_ids=_ids(name, table),
    )


def _texts(name: str, table: Mapping[str, Any], field: str, least: int = 0) -> tuple[str, ...]:
    found = table.get(field, [])
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found) or len(found) < least:
        raise ValueError(f"{name}.{field}: must be a list of texts" + (", at least one" if least else ""))
    return tuple(found)


def _rate(name: str, table: Mapping[str, Any]) -> str:
    rate = table.get("rate", "")
    if rate and (not isinstance(rate, str) or match_rate(rate) is None):
        raise ValueError(f"{name}.rate: must be {RATE_FORM}")
    return str(rate)


def _share(name: str, table: Mapping[str, Any]) -> int:
    share = table.get("share", 0)
    if "share" in table and (type(share) is not int or not 1 <= share <= 100):
        raise ValueError(f"{name}.share: must be a percentage, a whole number from 1 to 100")
    return int(share)


def _words(name: str, table: Mapping[str, Any]) -> str:
    blocked = table.get("blocked", "")
    if not isinstance(blocked, str) or ("blocked" in table and not 1 <= len(blocked) <= _MOST_WORDS):
        raise ValueError(f"{name}.blocked: must be the message for the partner, of 1 to {_MOST_WORDS} characters")
    return blocked


def _flag(name: str, table: Mapping[str, Any]) -> bool:
    flag = table.get("dry_run_only", False)
    if type(flag) is not bool:
        raise ValueError(f"{name}.dry_run_only: must be true or false")
    return flag


def _ids(name: str, table: Mapping[str, Any]) -> frozenset[str] | None:
    if "partners" not in table:
        return None
    try:
        return frozenset(str(UUID(one)) for one in _texts(name, table, "partners"))
    except ValueError as exc:
        raise ValueError(f"{name}.partners: must be a list of UUIDs") from exc
