from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.partners.partner import read_partners
from legacy_client.watched_files import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.auth.principal import Principal
    from gateway.partners.partner import Partner

_log = logging.getLogger(__name__)
_MOST_TOLD = 20


class Partners:
    """From a file that is read again when it changed, at most once a second. A bad new version changes nothing."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError."""
        self._path = path
        self._read_last: dict[str, Partner] | None = None
        self._known = WatchedFiles(
            [path],
            self._read,
            tell=lambda reason: _log.error("partners_file_unusable", extra={"reason": reason}),
        )

    def of(self, principal: Principal) -> Partner | None:
        return self.of_id(principal.id)

    def _read(self) -> _Known:
        partners, before = read_partners(self._path.read_text(encoding="utf-8")), self._read_last
        if before is not None:
            changed = [name for name in sorted({*before, *partners}) if before.get(name) != partners.get(name)]
            told = ",".join(changed[:_MOST_TOLD])
            _log.warning("partners_file_taken", extra={"partners": len(partners), "changed": told})
        self._read_last = partners
        return _Known(partners)

    def has(self, name: str) -> bool:
        return self._known.current().has(name)

    def of_id(self, principal_id: str) -> Partner | None:
        return self._known.current().of(principal_id)


class _Known:
    def __init__(self, partners: dict[str, Partner]) -> None:
        self._names = frozenset(partners)
        named = [(principal, partner) for partner in partners.values() for principal in partner.principals]
        self._exact = {principal: partner for principal, partner in named if not principal.endswith("*")}
        # The longest beginning is the closest.
        self._beginnings = sorted(
            ((principal[:-1], partner) for principal, partner in named if principal.endswith("*")),
            key=lambda one: -len(one[0]),
        )

    def has(self, name: str) -> bool:
        return name in self._names

    def of(self, principal_id: str) -> Partner | None:
        if (partner := self._exact.get(principal_id)) is not None:
            return partner
        return next((partner for begins, partner in self._beginnings if principal_id.startswith(begins)), None)


def as_partner(principal: Principal, partner: Partner) -> Principal:
    """With what the operator says of its partner."""
    allowed = principal.partner_ids
    if partner.partner_ids is not None:
        allowed = partner.partner_ids if allowed is None else allowed & partner.partner_ids
    return replace(
        principal,
        partner=partner.name,
        partner_ids=allowed,
        rate=partner.rate or principal.rate,
        rated_as=f"partner:{partner.name}" if partner.rate else "",
        share=partner.share,
    )
