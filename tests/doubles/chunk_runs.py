"""What a chunk's run is given: a core, its services, and stores that fail."""

from __future__ import annotations

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.idempotency.keeping import Keeper
from gateway.jobs.run_chunk import ChunkServices, run_chunk
from gateway.resources.actions import actions
from gateway.telemetry.traces import NoTraces
from legacy_client import errors as core
from tests.doubles.rules import claim_policy

ACTIONS = actions(("en", "fr"), 1, lambda: None)
BUSY = core.Busy(429, retry_after=7)


class Away:
    """A store that cannot be had."""

    def __init__(self, reason="away"):
        self._reason = reason

    def __getattr__(self, name):
        def fail(*_):
            raise StoreUnavailable(self._reason)

        return fail


class Core:
    """Answers each id as ``answers`` says, else as updated; ``sent`` has what it was sent, in order.

    Marks are kept as the transport keeps them. An exception in ``answers`` that is no CoreError ends the run there.
    """

    def __init__(self, answers=None, before_each=lambda item_id, context: None):
        self.answers = answers or {}
        self.before_each = before_each
        self.sent = []
        self.keys = []

    def send(self, operation, calls, context):
        context.marks.begin(range(len(calls)))
        for position, call in enumerate(calls):
            if reason := context.deadline.stopped():
                yield position, core.Stopped(reason)
                continue
            assert context.marks.upto() > position, "sent without a mark"
            self.before_each(call.id, context)
            self.sent.append(call.id)
            self.keys.append(f"{context.idempotency_prefix}-{call.id}")
            answer = self.answers.get(call.id, {"id": int(call.id)})
            if not isinstance(answer, (dict, core.CoreError)):
                raise answer
            yield position, answer


def services(chunks, fake, *, repeats_unknown=False, **changes):
    usual = {
        "store": chunks,
        "resources": {"things": ACTIONS},
        "core": fake,
        "policy": claim_policy(window=4, lease_seconds=45.0, repeats_unknown=repeats_unknown),
        "keeper": Keeper(),
        "concurrency": 2,
        "seconds": 30.0,
        "traces": NoTraces(),
        "log_failed_items": 5,
        "is_stopping": bool,
        "trail": None,
    }
    return ChunkServices(**{**usual, **changes})


def run_next(chunks, fake, **changes):
    """The lease that was run, or None."""
    lease = chunks.next_chunk("w")
    if lease:
        run_chunk(services(chunks, fake, **changes), lease)
    return lease


class LosesAnswers:
    """Does what it is asked; every second write says that it could not."""

    def __init__(self, chunks, *, at):
        self.chunks = chunks
        self.writes = at

    def __getattr__(self, name):
        return getattr(self.chunks, name)

    def write(self, lease, events, settled=None, ending=None):
        self.chunks.write(lease, events, settled, ending)
        self.writes += 1
        if self.writes % 2 == 0:
            raise StoreUnavailable("no answer")


class Recording:
    """Keeps the events of each write, and does it; its process is killed at the write ``dies_at``."""

    def __init__(self, chunks, dies_at=0):
        self.chunks, self.dies_at, self.events = chunks, dies_at, []

    def __getattr__(self, name):
        return getattr(self.chunks, name)

    def write(self, lease, events, settled=None, ending=None):
        self.events.append(list(events))
        if self.dies_at and len(self.events) >= self.dies_at:
            raise SystemExit
        self.chunks.write(lease, events, settled, ending)
