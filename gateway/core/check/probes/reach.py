"""Name look-up, both families, connect, TLS."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

from gateway.core.check.finding import Finding, Proposal, worst
from gateway.settings import variable
from legacy_client.errors import CoreError, Untrusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.line import Address, Place

_FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
_FEW_DAYS = 14
# Of the time that is allowed, a healthy connect takes at most this share.
_SHARE = 0.5


def probe(trial: Trial) -> Finding:
    try:
        addresses = trial.place.addresses()
    except CoreError as error:
        return Finding(verdict="fail", told=f"the name of {variable('core_url')} cannot be looked up: {error.reason}")
    tried = [_Tried(trial.place, address, trial.settings.core.core_connect_timeout) for address in addresses]
    reached = [each for each in tried if not each.error]
    verdicts = [each.verdict for each in reached]
    if len(reached) < len(tried) or not tried:
        verdicts.append("warn" if reached else "fail")
    return Finding(
        verdict=worst(*verdicts),
        told=_told(tried, reached),
        evidence=[each.told for each in tried],
        proposals=list(dict.fromkeys(proposal for each in tried for proposal in each.proposals)),
        shape={"addresses": ", ".join(sorted({each.family for each in reached}))},
    )


class _Tried:
    def __init__(self, place: Place, address: Address, allowed: float) -> None:
        self.family = _FAMILIES.get(socket.AddressFamily(address[0]), "another family")
        self.verdict: Verdict = "pass"
        self.error: CoreError | None = None
        self.proposals: list[Proposal] = []
        try:
            with closing(place.open(address)) as line:
                self._judge(line.connected, line.ready, line.days_of_certificate, allowed)
        except CoreError as error:
            self._refuse(error)

    def _judge(self, connected: float, ready: float, days: float | None, allowed: float) -> None:
        tls = "no TLS" if days is None else f"TLS after {ready * 1000:.0f} ms, certificate good for {days:.0f} days"
        self.told = f"{self.family}: connected in {connected * 1000:.0f} ms, {tls}"
        if ready > allowed * _SHARE:
            self.verdict = "warn"
            self._propose("core_connect_timeout", f"{max(0.1, 4 * ready):.1f}", f"it took {ready:.2f} s once")
        if days is not None and days < _FEW_DAYS:
            self.verdict = "warn"

    def _refuse(self, error: CoreError) -> None:
        self.error = error
        self.verdict = "fail"
        self.told = f"{self.family}: {error.reason}"
        if isinstance(error, Untrusted) and "mismatch" in error.reason.lower():
            self._propose("core_url", "https://NAME", "a name that the certificate has")
        elif isinstance(error, Untrusted):
            self._propose("core_ca_file", "FILE", f"the CA that signed the certificate: {error.reason}")

    def _propose(self, name: str, value: str, why: str) -> None:
        self.proposals.append(Proposal(f"{variable(name)}={value}", why))


def _told(tried: Sequence[_Tried], reached: Sequence[_Tried]) -> str:
    if not tried:
        return "the name has no addresses"
    if not reached:
        return f"no address can be used: {tried[0].told}"
    if len(reached) < len(tried):
        return f"{len(reached)} of {len(tried)} addresses can be used; the others cost each new connection time"
    return reached[0].told if len(reached) == 1 else f"all {len(reached)} addresses can be used"
