"""The rows, in the order in which they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from gateway.core.check.finding import Finding, cannot_tell
from gateway.core.check.missing_item import ItemIsThere
from gateway.core.check.probes import (
    clock,
    credentials,
    declared,
    framing,
    idempotency,
    in_flight,
    keep_alive,
    load,
    reach,
    refused_value,
    success,
    unknown_field,
    unknown_id,
    values,
)
from gateway.core.check.writes import NoWritesLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.core.check.trial import Trial


class Probe(NamedTuple):
    """``assumes``: what the gateway takes for granted. ``needs``: rows that must not have failed."""

    name: str
    assumes: str
    run: Callable[[Trial], Finding]
    needs: tuple[str, ...] = ("reach", "framing")
    wants: Literal["", "write", "load"] = ""


_REACH, _CHANGES = ("reach",), ("reach", "success")
PROBES: Sequence[Probe] = (
    Probe("reach", "each address of the core takes connections, with a certificate that is trusted", reach.probe, ()),
    Probe("framing", "the method is allowed; answers are HTTP/1.1 with one length, not encoded", framing.probe, _REACH),
    Probe("unknown id", "an id that is not there is 404", unknown_id.probe),
    Probe("credentials", "401 or 403 is about credentials, and nothing else is", credentials.probe),
    Probe("clock", "the core's clock is right", clock.probe),
    Probe("keep-alive", "the core keeps connections at rest longer than the gateway", keep_alive.probe),
    Probe("success", "a 2xx shows the item as the map says, or has no body", success.probe, _REACH, "write"),
    Probe("refused value", "a wrong value is a 4xx that names the field", refused_value.probe),
    Probe("unknown field", "a field that the core does not know is refused", unknown_field.probe),
    Probe("idempotency", "as GATEWAY_CORE_HONOURS_IDEMPOTENCY says", idempotency.probe, _CHANGES, "write"),
    Probe("at once", "two calls at once end as if one came first", in_flight.probe, _CHANGES, "write"),
    Probe("values", "what is valid by the contract is kept", values.probe, _CHANGES, "write"),
    Probe("load", "the core is good for GATEWAY_CORE_CONCURRENCY calls of each worker", load.probe, _CHANGES, "load"),
    Probe("declared", "what the core's team says of it", declared.probe, ()),
)


def findings(trial: Trial, began: Callable[[str], None], *, is_loaded: bool) -> Iterator[tuple[Probe, Finding]]:
    """``began`` is told the name of each row that is asked."""
    for probe in PROBES:
        began(probe.name)
        finding = _unasked(probe, trial, is_loaded=is_loaded) or _found(probe, trial)
        trial.found[probe.name] = finding
        yield probe, finding


def _unasked(probe: Probe, trial: Trial, *, is_loaded: bool) -> Finding | None:
    if probe.wants and not trial.writes.are_allowed:
        return cannot_tell("asked with --write alone", is_asked=False)
    if probe.wants == "load" and not is_loaded:
        return cannot_tell("asked with --load alone", is_asked=False)
    for name in probe.needs:
        if trial.found[name].verdict in ("fail", "cannot tell"):
            return cannot_tell(f"needs what {name!r} asks for")
    return None


def _found(probe: Probe, trial: Trial) -> Finding:
    try:
        finding = probe.run(trial)
    except ItemIsThere:
        finding = cannot_tell("the core knows the id of --missing-id")
    except NoWritesLeft as exc:
        finding = cannot_tell(str(exc))
    trial.writes.put_back()
    return finding
