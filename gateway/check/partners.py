from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.check.files import changeable
from gateway.check.finding import Finding
from gateway.partners.partner import read_partners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.settings import Settings


def partners_found(settings: Settings) -> Iterator[Finding]:
    """Of a file that the settings found to be one of partners."""
    if not settings.access.partners_file:
        return
    path = Path(settings.access.partners_file)
    partners = read_partners(path.read_text(encoding="utf-8")).values()
    blocked = sum(bool(partner.blocked) for partner in partners)
    dry = sum(partner.dry_run_only for partner in partners)
    told = f"{path}: {len(partners)} named, {blocked} blocked, {dry} for dry runs only"
    yield Finding("partners", "ok", told)
    yield from changeable(path, "partners_file", "who is blocked, and who may name which partner")
