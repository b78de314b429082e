"""The form of a call's key, where a core does not take any text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.resources.map_tables import one_of, wrong
from legacy_client.operations import hex_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMS: Mapping[str, Callable[[str], str] | None] = {"same": None, "hex_upper": str.upper, "hex_lower": str.lower}
# 64 bits: of a million keys two are the same once in 37 million times (n² / 2^65). SHA-256 has no more than 64 digits.
FEWEST, MOST, USUAL = 16, 64, 32


def read_key_form(given: Mapping[str, Any], where: str) -> Callable[[str], str] | None:
    """None: as it is. Raises CoreMapError."""
    change = FORMS[one_of(given, where, "key_form", tuple(FORMS), "same")]
    if change is None:
        if "key_length" in given:
            raise wrong(f"{where}key_length", "must stand beside key_form, hex_upper or hex_lower")
        return None
    length = given.get("key_length", USUAL)
    if type(length) is not int or not FEWEST <= length <= MOST:
        raise wrong(f"{where}key_length", f"must be a whole number of digits from {FEWEST} to {MOST}")
    return hex_digest(change, length)
