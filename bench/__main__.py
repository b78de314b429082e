"""The command: prepare, start everything, check that all answer alike, measure in interleaved rounds, report, stop."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import machine, prepare, report, scaling, services, workloads
from bench.audit import audit
from bench.core import Core
from bench.equal import differences
from bench.jobs import jobs
from bench.keys import keys
from bench.parts import parts
from bench.rates import rates
from bench.rig import Processors, Rig
from bench.streams import streams
from bench.summary import summarise
from bench.telemetry import telemetry
from bench.tokens import Issuer
from gateway.ending import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.services import Running, Service, Surroundings

_RESULTS = Path(__file__).with_name("results")
_WORKLOADS = (
    "W1",
    "W2",
    "W3",
    "W4",
    "W5",
    "sizes",
    "workers",
    "telemetry",
    "audit",
    "keys",
    "rates",
    "streams",
    "jobs",
    "parts",
    "memory",
    "compiled",
)
_OF_BOTH_FORMS = {"workers": scaling.workers, "telemetry": telemetry, "keys": keys, "jobs": jobs}
"""Comparisons of the gateway with itself that are made of both forms."""


def main() -> int:
    """0 when everything ran and all services answered alike."""
    options = _options()
    prepare.system_packages()
    result = _Bench(options).run()
    if result is None:
        return 1
    print(report.terminal(result))
    _keep(result, options)
    return 0


class _Bench:
    """One run, from an empty folder to its result."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._left_out: dict[str, str] = {}

    def run(self) -> dict[str, Any] | None:
        """The result, or None when services answer differently."""
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="bench-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.chmod(0o755)  # nginx gives up root before it reads the key set
            processors = Processors.split()
            core = Core(folder, processors.others)
            issuer = Issuer(core.url)
            core_process = stack.enter_context(core.running(issuer))
            rig = Rig(core, core_process, processors, issuer.token(), folder, self._options.quick)
            into = services.Surroundings(core.url, issuer, processors.service, folder)
            workloads.write_requests(rig)
            started = self._start(stack, into)
            if found := differences(started, issuer):
                print("Services answer differently; nothing was timed.", *found, sep="\n", file=sys.stderr)
                return None
            _say(f"{len(started)} services answer alike")
            return self._result(self._measure(rig, into, started))

    def _start(self, stack: ExitStack, into: Surroundings) -> list[Running]:
        chosen = [services.GATEWAY, *services.PEERS]
        if self._options.peers is not None:
            chosen = [service for service in chosen if service.name in {"gateway", *self._options.peers}]
        found = (self._try(stack, service, into) for service in chosen)
        return [running for running in found if running is not None]

    def _try(self, stack: ExitStack, service: Service, into: Surroundings) -> Running | None:
        _say(f"start {service.title}")
        try:
            return stack.enter_context(services.running(service, into))
        except prepare.Missing as exc:
            _say(f"left out: {exc}")
            self._left_out[service.title] = str(exc)
            return None

    def _measure(self, rig: Rig, into: Surroundings, started: Sequence[Running]) -> dict[str, Any]:
        wanted, rounds = self._options.only, self._options.rounds
        run: dict[str, Any] = {}
        chosen = [workload for workload in workloads.WORKLOADS if workload.name in wanted]
        samples = _interleaved(rig, started, chosen, rounds)
        for (workload, service), found in samples.items():
            run.setdefault(workload, {})[service] = summarise(found)
        for name, compare in (
            ("sizes", scaling.sizes),
            ("workers", scaling.workers),
            ("telemetry", telemetry),
            ("audit", audit),
            ("keys", keys),
            ("rates", rates),
            ("streams", streams),
            ("jobs", jobs),
        ):
            if name in wanted:
                _say(name)
                run[name] = {key: summarise(found) for key, found in compare(rig, into, rounds).items()}
        if "parts" in wanted:
            run["parts"] = parts()
        if "memory" in wanted:
            _say("memory")
            run["memory"] = self._memory(rig, into)
        if "compiled" in wanted:
            run |= self._compiled(rig, into, rounds)
        return run

    def _compiled(self, rig: Rig, into: Surroundings, rounds: int) -> dict[str, Any]:
        folder = into.folder / "compiled"
        folder.mkdir()
        own = replace(into, folder=folder, gateway=services.COMPILED)
        found: dict[str, Any] = {}
        for name, compare in _OF_BOTH_FORMS.items():
            title = f"compiled {name}"
            _say(title)
            try:
                found[title] = {key: summarise(samples) for key, samples in compare(rig, own, rounds).items()}
            except prepare.Missing as exc:
                self._left_out[title] = str(exc)
        _say("compiled memory")
        try:
            found["compiled memory"] = self._memory(rig, own)
        except prepare.Missing as exc:
            self._left_out["compiled memory"] = str(exc)
        return found

    def _memory(self, rig: Rig, into: Surroundings) -> workloads.Figures:
        return scaling.memory(rig, into, self._options.soak or (3 if rig.quick else 10))

    def _result(self, run: dict[str, Any]) -> dict[str, Any]:
        return {
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "commit": machine.commit(),
            "machine": machine.facts(),
            "rounds": self._options.rounds,
            "left_out": self._left_out,
            "run": run,
        }


def _interleaved(
    rig: Rig, started: Sequence[Running], chosen: Sequence[workloads.Workload], rounds: int
) -> dict[tuple[str, str], list[workloads.Figures]]:
    """A B C … A B C …: within a round every service is measured under the same weather."""
    samples: dict[tuple[str, str], list[workloads.Figures]] = {}
    for running in started if chosen else ():
        workloads.warm_up(rig, running)
    for turn in range(rounds if chosen else 0):
        for name, latency in (("idle", 0), ("slow", workloads.CORE_LATENCY)):
            samples.setdefault(("floor", name), []).append(workloads.floor(rig, latency))
        for workload in chosen:
            _say(f"round {turn + 1} of {rounds}: {workload.name}, {workload.what}")
            rig.core.delay(workload.core_latency)
            for running in started:
                rig.settle(running)
                samples.setdefault((workload.name, running.service.name), []).append(workload.sample(rig, running))
    return samples


def _keep(result: dict[str, Any], options: argparse.Namespace) -> None:
    """A whole run is kept and shown in the docs; any other only where ``--out`` says."""
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    if options.out:
        options.out.write_text(text)
    elif not options.quick and options.peers is None and set(options.only) == set(_WORKLOADS):
        _RESULTS.mkdir(exist_ok=True)
        (_RESULTS / f"{result['date']}-{result['commit']}.json").write_text(text)
        report.publish(result)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gateway against its peers.")
    names = ", ".join(service.name for service in services.PEERS)
    parser.add_argument("--equal", action="store_true", help="only check that all services answer alike")
    parser.add_argument("--quick", action="store_true", help="one short round, about a minute; nothing is kept")
    parser.add_argument("--only", type=_names, default=list(_WORKLOADS), help=f"of {', '.join(_WORKLOADS)}")
    parser.add_argument("--peers", type=_names, help=f"of {names}; empty: the gateway alone")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 5, quick 1)")
    parser.add_argument("--soak", type=int, metavar="SECONDS", help="how long memory is watched (default 10)")
    parser.add_argument("--out", type=Path, help="write the result as JSON to this file")
    options = parser.parse_args()
    options.only = [] if options.equal else options.only
    options.rounds = options.rounds or (1 if options.quick else 5)
    for name in set(options.only) - set(_WORKLOADS):
        parser.error(f"unknown workload: {name}; there are {', '.join(_WORKLOADS)}")
    for name in set(options.peers or ()) - {service.name for service in services.PEERS}:
        parser.error(f"unknown peer: {name}; there are {names}")
    return options


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
