"""Keycloak's clock and ours: a token counts from the second that Keycloak writes into it."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from gateway.auth.errors import InvalidCredentials
from gateway.auth.keycloak.compact import decoded, json_object
from gateway.check.finding import Finding
from gateway.settings import variable

if TYPE_CHECKING:
    from collections.abc import Callable

# Both tell whole seconds, and an answer takes its time.
_UNCERTAIN_SECONDS = 2.0


def of_date(text: str) -> float | None:
    """Unix seconds of an HTTP date (RFC 9110 section 5.6.7)."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def of_token(token: str) -> float | None:
    """When a token was issued, in Unix seconds. It is not verified: Keycloak gave it to us."""
    try:
        issued = json_object(decoded(token.split(".")[1])).get("iat")
    except (IndexError, InvalidCredentials):
        return None
    return float(issued) if isinstance(issued, int | float) else None


def clock_found(theirs: float | None, leeway: float, clock: Callable[[], float] = time.time) -> Finding:
    """``leeway`` in seconds is what a token's times are allowed to differ."""
    if theirs is None:
        return Finding("clock", "note", "not compared: Keycloak told no time, neither by a Date nor in a token for us")
    apart = clock() - theirs
    if abs(apart) > leeway + _UNCERTAIN_SECONDS:
        way = "ahead of" if apart > 0 else "behind"
        allowed = f"{variable('jwt_leeway')} allows {leeway:g} s, so tokens may be refused, or taken too long"
        return Finding("clock", "WRONG", f"{abs(apart):.0f} s {way} Keycloak's: {allowed}")
    return Finding("clock", "ok", f"within {max(abs(apart), _UNCERTAIN_SECONDS):.0f} s of Keycloak's")
