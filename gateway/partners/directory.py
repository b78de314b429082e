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


class Partners:
    """From a file that is read again when it changed, at most once a second. A bad new version changes nothing."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError."""
        self._known = WatchedFiles(
            [path],
            lambda: _Known(read_partners(path.read_text(encoding="utf-8"))),
            tell=lambda reason: _log.error("partners_file_unusable", extra={"reason": reason}),
        )

    def of(self, principal: Principal) -> Partner | None:
        return self._known.current().of(principal.id)


class _Known:
    def __init__(self, partners: dict[str, Partner]) -> None:
        named = [(principal, partner) for partner in partners.values() for principal in partner.principals]
        self._exact = {principal: partner for principal, partner in named if not principal.endswith("*")}
        # The longest beginning is the closest.
        self._beginnings = sorted(
            ((principal[:-1], partner) for principal, partner in named if principal.endswith("*")),
            key=lambda one: -len(one[0]),
        )

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
