"""Idempotency at the bulk endpoint (hop 6): claim the key, send only what is not settled, keep what became of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from gateway.admission.idempotency.journal import Entry
from gateway.admission.idempotency.policy import (
    FingerprintMismatch,
    IdempotencyStore,
    InProgress,
    RecordUnusable,
    StoreUnavailable,
    fingerprint,
    parse_key,
)
from gateway.admission.outage import StoreState
from gateway.batch.item_errors import interrupted, refused_later
from gateway.batch.outcome import Applied, ItemError
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flask import Request

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.journal import State
    from gateway.batch.outcome import FailedAt, Outcome
    from gateway.telemetry.events import ReplayKind

_log = logging.getLogger(__name__)


class Replays:
    """Claims keys in the store and speaks its refusals as problems.

    ``refused`` counts the requests whose key the store could not take, for as long as the process lives.
    """

    def __init__(self, store: IdempotencyStore) -> None:
        self.refused = 0
        self._store = store
        self._state = StoreState()

    def claim(self, request: Request, key: str | None, principal_id: str, body: bytes, items: int) -> Claim | None:
        """The hold on the key, None without one. Raises Problem 409, 422 or 503."""
        if key is None:
            return None
        try:
            claim = self._store.claim(principal_id, key, fingerprint(request.method, request.path, body), items)
        except InProgress as exc:
            raise Problem("in-progress", headers={"Retry-After": str(exc.retry_after)}) from exc
        except FingerprintMismatch as exc:
            raise Problem("idempotency-key-reused") from exc
        except StoreUnavailable as exc:
            self._could_not_take(exc)
            detail = "Idempotency records cannot be kept now. Send again later, or without the key."
            raise Problem("temporarily-unavailable", detail, headers={"Retry-After": str(exc.retry_after)}) from exc
        # A replay may have been only read, which a full disk allows.
        if claim.kind != "replay" and self._state.came_back():
            _log.warning("idempotency_store_back")
        return claim

    def _could_not_take(self, error: StoreUnavailable) -> None:
        self.refused += 1
        if not isinstance(error, RecordUnusable) and self._state.went_down():
            _log.warning("idempotency_store_down", extra={"reason": error.reason})


def read_key(request: Request) -> str | None:
    """The request's idempotency key, None without one. Raises Problem 400."""
    value = request.headers.get("Idempotency-Key")
    try:
        return None if value is None else parse_key(value)
    except ValueError as exc:
        raise Problem("bad-request", f"Idempotency-Key {exc}.") from exc


def recorded(
    claim: Claim, action_ids: Sequence[str], finished: Iterable[tuple[int, Outcome]]
) -> Iterator[tuple[int, Outcome]]:
    """``(index, outcome)`` for what a claim's positions ended as, each written to its journal."""
    for position, outcome in finished:
        index = claim.to_send[position]
        entry, before = Entry(index, _state(outcome), _payload(outcome)), claim.stored.get(index)
        if before and before.state == "unknown" and isinstance(outcome, ItemError):
            # What this run did not do says nothing of what the earlier one did.
            if entry.state == "open":
                entry, outcome = before, _outcome(before.payload, action_ids[index])
            elif outcome.is_final:
                outcome = refused_later(outcome)
                entry = Entry(index, "final", _payload(outcome))
        claim.record([entry])
        yield index, outcome


def settled(claim: Claim, action_ids: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
    """``(index, outcome)`` of the items that this run does not send."""
    due = set(claim.to_send)
    for index, entry in claim.stored.items():
        if index not in due:
            yield index, _outcome(entry.payload, action_ids[index])


def end(claim: Claim, outcomes: Sequence[Outcome]) -> None:
    """Give the key back. What never called the core is not kept (``contract.md`` 1.5), so the key takes any body again."""
    if claim.kind == "fresh" and all(_was_held_back(outcome) for outcome in outcomes):
        claim.abandon()
    else:
        claim.finish()


def advised(failed: Sequence[FailedAt], claim: Claim | None) -> list[FailedAt]:
    """The item errors with the word on those of unknown outcome: to send again helps where the key makes it safe.

    That is where the batch has a key and the core applies a key once (``contract.md`` 1.5); then a repeat sends them.
    """
    repeats = claim is not None and claim.repeats_unknown
    return [
        (index, action_id, replace(error, retryable=repeats and not error.is_final))
        if error.outcome is Applied.UNKNOWN
        else (index, action_id, error)
        for index, action_id, error in failed
    ]


def headers(claim: Claim | None) -> dict[str, str]:
    """How the answer says that it is not the first."""
    if claim is None or claim.kind == "fresh":
        return {}
    return (
        {"Idempotency-Replayed": "true"} if claim.kind == "replay" else {"Idempotency-Resumed": str(len(claim.to_send))}
    )


def kind(claim: Claim | None) -> ReplayKind | None:
    """What a known key led to, for telemetry."""
    kinds: dict[str, ReplayKind] = {"replay": "replayed", "resume": "resumed"}
    return kinds.get(claim.kind) if claim else None


def _was_held_back(outcome: Outcome) -> bool:
    return isinstance(outcome, ItemError) and outcome.outcome is Applied.NOT_SENT


def _state(outcome: Outcome) -> State:
    if not isinstance(outcome, ItemError) or outcome.is_final:
        return "final"
    return "unknown" if outcome.outcome is Applied.UNKNOWN else "open"


def _payload(outcome: Outcome) -> dict[str, Any]:
    return {"error": outcome.stored()} if isinstance(outcome, ItemError) else {"action": orjson.Fragment(outcome)}


def _outcome(payload: Any, action_id: str) -> Outcome:
    if payload is None:
        return interrupted(action_id)
    if "error" in payload:
        return ItemError.restored(payload["error"])
    return orjson.dumps(payload["action"])
