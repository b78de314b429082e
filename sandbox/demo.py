"""``python -m sandbox demo``: the contract's answers, one by one, through the real service."""

from __future__ import annotations

import json
import sys
import time
from http.client import HTTPException
from typing import TYPE_CHECKING

from sandbox.background import StackError
from sandbox.job_tour import JobTour
from sandbox.paint import paint_for
from sandbox.stack import Stack, add_core_option
from sandbox.steps import STEPS
from sandbox.web import call

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sandbox.paint import Paint
    from sandbox.steps import Step
    from sandbox.web import Reply

_WIDTH = 100
LINES = "application/x-ndjson"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Start core, identity provider and gateway; send one request for each answer of the contract; check each."
    parser = commands.add_parser("demo", help="see every answer of the contract", description=text)
    add_core_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    started = time.monotonic()
    paint = paint_for(sys.stdout)
    try:
        with Stack(job_workers=1, dialect=options.core) as stack:
            faults = Demo(stack, paint).run()
    except BrokenPipeError:
        # Nobody reads on, as before ``| head``.
        raise
    except (StackError, OSError, HTTPException) as exc:
        raise SystemExit(f"demo: {exc}") from exc
    for fault in faults:
        sys.stderr.write(f"{paint('red', 'demo: ' + fault)}\n")
    if not faults:
        seconds = time.monotonic() - started
        print(paint("green", f"All {len(STEPS)} answers and the job are as the contract says ({seconds:.1f} s)."))
    return 1 if faults else 0


class Demo:
    """Sends the steps through a running stack and prints what happens."""

    def __init__(self, stack: Stack, paint: Paint) -> None:
        self._stack = stack
        self._paint = paint
        self._headers = {
            "none": {},
            "token": {"Authorization": f"Bearer {stack.token()}"},
            "api_key": {"Authorization": f"Bearer {stack.api_key('demo')}"},
        }

    def run(self) -> list[str]:
        """Send everything. A line for each wrong answer."""
        faults: list[str] = []
        made = []
        for step in STEPS:
            before = self._core_calls()
            reply = self._send(step)
            made.append(self._core_calls() - before)
            self._show_answer(reply, made[-1])
            faults += faults_of(step, reply, made[-1])
        before = self._core_calls()
        faults += JobTour(self._stack.gateway.url, self._headers["token"], self._paint).run()
        self._show_calls(made, self._core_calls() - before)
        return faults

    def _send(self, step: Step) -> Reply:
        print(self._paint("bold", f"{step.status}: {step.title}"))
        print(f"{step.method} {step.path}  {self._paint('dim', _in_short(step.body))}")
        headers = self._headers[step.credential] | ({"Accept": LINES} if step.streamed else {})
        return call(step.method, self._stack.gateway.url + step.path, json_body=step.body, headers=headers)

    def _show_answer(self, reply: Reply, core_calls: int) -> None:
        print(f"{self._paint.status(reply.status)}  {self._paint('dim', f'calls to the core: {core_calls}')}")
        if reply.status == 401:
            print(self._paint("dim", f"WWW-Authenticate: {reply.headers.get('www-authenticate', '')}"))
        print(self._body(reply), end="\n\n")

    def _body(self, reply: Reply) -> str:
        if reply.headers.get("content-type") == LINES:
            return reply.body.decode().strip()
        try:
            return self._paint.json(reply.json())
        except ValueError:
            # Not what a contract would send, and the more worth seeing.
            return reply.body.decode("utf-8", "replace")

    def _show_calls(self, made: list[int], by_job: int) -> None:
        print(self._paint("bold", "Calls the core has counted"))
        for step, calls in zip(STEPS, made, strict=True):
            print(f"{calls:>3}  {step.status} {step.title}")
        print(f"{by_job:>3}  a job of four actions")
        print(f"{sum(made) + by_job:>3}  in all; what failed validation or had no token made none\n")

    def _core_calls(self) -> int:
        calls: int = self._stack.core.control("GET", "calls")["total"]
        return calls


def _in_short(body: object) -> str:
    text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


def faults_of(step: Step, reply: Reply, core_calls: int) -> Iterator[str]:
    """A line for each difference from the step."""
    if reply.status != step.status:
        yield f"“{step.title}” must be {step.status}, was {reply.status}"
    if step.streamed and _last_status(reply) != step.streamed:
        yield f"“{step.title}” must end with {step.streamed}, ended with {_last_status(reply)}"
    if core_calls != step.core_calls:
        yield f"“{step.title}” must make {step.core_calls} calls to the core, made {core_calls}"


def _last_status(reply: Reply) -> object:
    """What the last line of a stream says; None where it was cut."""
    try:
        last = json.loads(reply.body.splitlines()[-1])
    except (IndexError, ValueError):
        return None
    return last.get("status")
