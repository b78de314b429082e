"""What the caller asks for beside the items (``contract.md`` 1.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.http import parse_list_header

from gateway.api.accept import leaves_json, prefers_lines
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.api.request import GatewayRequest

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?\s*(?:;.*)?", re.IGNORECASE)
# No value and an empty one are the same (RFC 7240 section 2).
_RESPOND_ASYNC = re.compile(r"respond-async\s*(?:=\s*(?:\"\")?\s*)?(?:;.*)?", re.IGNORECASE)
# None: every type will do.
_USUAL_ACCEPTS = frozenset({None, "*/*", "application/json"})
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Options:
    """``form`` is a key of ``forms.FORMS``. ``responds_async``: the caller prefers not to wait for the end."""

    form: str = "plain"

    dry_run: bool = False
    wait_seconds: int | None = None
    responds_async: bool = False

    def deadline_seconds(self, most_seconds: float) -> float:
        """At most ``most_seconds``."""
        return most_seconds if self.wait_seconds is None else min(most_seconds, self.wait_seconds)

    def applied(self, most_seconds: float) -> dict[str, str]:
        """``Preference-Applied`` (RFC 7240 section 3), if the caller's wait was used."""
        if self.wait_seconds is None or self.wait_seconds > most_seconds:
            return {}
        return {"Preference-Applied": f"wait={self.wait_seconds}"}


_USUAL = Options()


def read_options(request: GatewayRequest) -> Options:
    """Raises Problem 400 for the query and ``Prefer``, 406 for ``Accept``."""
    given = request.header("Prefer")
    if not given:
        form, dry_run = _form(request), _dry_run(request)
        return _USUAL if form == "plain" and not dry_run else Options(form=form, dry_run=dry_run)
    preferences = parse_list_header(given)
    return Options(
        form=_form(request),
        dry_run=_dry_run(request),
        wait_seconds=_wait(preferences),
        responds_async=any(map(_RESPOND_ASYNC.fullmatch, preferences)),
    )


def refuse_parameters(request: GatewayRequest) -> None:
    """For an endpoint without options. Raises Problem 400 or 406."""
    _check_accept(request)
    for name in request.args:
        raise Problem("unknown-parameter", f"The query parameter {name[:100]!r} is not known; none is allowed.")


def _form(request: GatewayRequest) -> str:
    accept = request.header("Accept")
    if accept in _USUAL_ACCEPTS:
        return "plain"
    if prefers_lines(accept or ""):
        return "stream"
    _check_accept(request)
    return "plain"


def _check_accept(request: GatewayRequest) -> None:
    accept = request.header("Accept")
    if accept not in _USUAL_ACCEPTS and not leaves_json(accept or "*/*"):
        raise Problem("not-acceptable")


def _dry_run(request: GatewayRequest) -> bool:
    if not request.query:
        return False
    for name in request.args:
        if name != "dry_run":
            raise Problem("unknown-parameter", f"The query parameter {name[:100]!r} is not known; allowed: dry_run.")
    values = request.args.getlist("dry_run")
    if not values:
        return False
    if len(values) > 1 or values[0] not in _FLAGS:
        raise Problem("unknown-parameter", "dry_run must be given once, as true or false.")
    return _FLAGS[values[0]]


def _wait(preferences: Sequence[str]) -> int | None:
    """``wait=N`` in seconds; what is not known is ignored (RFC 7240 section 2)."""
    found = filter(None, map(_WAIT.fullmatch, preferences))
    waits = {int(wait[1]) for wait in found}
    if len(waits) > 1:
        raise Problem("bad-request", "Prefer asks for waits of different length; send one.")
    return next(iter(waits), None)
