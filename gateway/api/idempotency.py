"""Idempotency keys at the endpoint (hop 5, contract 1.5)."""

from __future__ import annotations

import logging
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import FingerprintMismatch, InProgress, RecordUnusable, StoreUnavailable
from gateway.admission.idempotency.journal import Subject
from gateway.admission.idempotency.key import fingerprint, key_fingerprint, parse_key
from gateway.admission.outage import StoreState
from gateway.batch.batch_claim import KeyedClaim, NoClaim, PacedClaim
from gateway.batch.job_claim import A_JOB, JobClaim
from gateway.problems import Problem
from legacy_client.calls import ids_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.journal import Kept
    from gateway.admission.idempotency.store import IdempotencyStore
    from gateway.api.request import GatewayRequest
    from gateway.api.unsent import UnsentRate
    from gateway.auth.principal import Principal
    from gateway.batch.batch_claim import BatchClaim
    from gateway.resources.resource import Resource
    from legacy_client.calls import Update

_log = logging.getLogger(__name__)


class Claims:
    """``refused`` counts requests that failed for the store.

    ``unsent`` is charged the body of a repeat that is refused.
    """

    def __init__(self, store: IdempotencyStore, unsent: UnsentRate, let_others_run: Callable[[], None]) -> None:
        self.refused = 0
        self._store = store
        self._unsent = unsent
        self._let_others_run = let_others_run
        self._state = StoreState()

    def claim(
        self,
        request: GatewayRequest,
        key: str | None,
        caller: Principal,
        body: bytes,
        resource: Resource,
        calls: Sequence[Update],
        window: int | None,
    ) -> AbstractContextManager[BatchClaim]:
        """Around a batch. Entered, it raises Problem 409, 422 or 503.

        Without a key, ``window`` bounds the calls whose outcomes were not taken; with one, the store's policy does.
        """
        if key is None:
            # All calls of a small batch are within the window.
            if window is None or len(calls) <= window:
                return nullcontext(NoClaim(len(calls)))
            return nullcontext(PacedClaim(len(calls), window))
        subject = Subject(resource.plural, ids_of(calls))
        return _Keyed(request, lambda: KeyedClaim(self._claim(request, key, caller, body, subject)))

    @contextmanager
    def claim_job(
        self, request: GatewayRequest, key: str | None, caller: Principal, body: bytes
    ) -> Iterator[JobClaim | None]:
        """Around the making of a job; None without a key. Raises as ``claim`` does.

        A key of a job is another batch's to those that make none, and the other way round: nothing is sent twice.
        """
        if key is None:
            yield None
            return
        claim = JobClaim(self._claim(request, key, caller, body, A_JOB, kind=" as a job"))
        try:
            with claim:
                yield claim
        finally:
            _tell_kept(request, claim)

    def look(self, request: GatewayRequest, key: str, caller: Principal) -> Kept | None:
        """What is kept under the caller's key. Raises Problem 409 or 503."""
        request.key_fingerprint = key_fingerprint(caller.id, key)
        try:
            return self._store.look(caller.id, key, self._let_others_run)
        except InProgress as exc:
            raise _in_progress(exc) from exc
        except StoreUnavailable as exc:
            self._could_not_take(exc)
            raise _unavailable(exc, "Idempotency records cannot be read now. Ask again later.") from exc

    def _claim(
        self, request: GatewayRequest, key: str, caller: Principal, body: bytes, subject: Subject, kind: str = ""
    ) -> Claim:
        request.key_fingerprint = key_fingerprint(caller.id, key)
        try:
            digest = fingerprint(request.method + kind, request.path, body)
            claim = self._store.claim(caller.id, key, digest, len(subject.ids), self._let_others_run, subject)
        except InProgress as exc:
            self._unsent.charge(request, caller, len(body))
            raise _in_progress(exc) from exc
        except FingerprintMismatch as exc:
            self._unsent.charge(request, caller, len(body))
            raise Problem("idempotency-key-reused") from exc
        except StoreUnavailable as exc:
            self._could_not_take(exc)
            detail = "Idempotency records cannot be kept now. Send again later, or without the key."
            raise _unavailable(exc, detail) from exc
        # A full disk can still be read, so a replay proves nothing.
        if claim.kind != "replay" and self._state.came_back():
            _log.warning("idempotency_store_back")
        return claim

    def _could_not_take(self, error: StoreUnavailable) -> None:
        self.refused += 1
        if not isinstance(error, RecordUnusable) and self._state.went_down():
            _log.warning("idempotency_store_down", extra={"reason": error.reason})


class _Keyed:
    """A class, since a generator's context manager costs three times as much."""

    def __init__(self, request: GatewayRequest, take: Callable[[], KeyedClaim]) -> None:
        self._request = request
        self._take = take

    def __enter__(self) -> KeyedClaim:
        self._claim = self._take()
        return self._claim

    def __exit__(self, *error: object) -> None:
        try:
            self._claim.__exit__(*error)
        finally:
            _tell_kept(self._request, self._claim)


def _tell_kept(request: GatewayRequest, claim: KeyedClaim | JobClaim) -> None:
    # A repeat of this request would not find its record.
    if not claim.is_kept:
        request.answer_headers["Idempotency-Kept"] = "false"


def _in_progress(refusal: InProgress) -> Problem:
    return Problem("in-progress", headers={"Retry-After": str(refusal.retry_after)})


def _unavailable(refusal: StoreUnavailable, detail: str) -> Problem:
    return Problem("temporarily-unavailable", detail, headers={"Retry-After": str(refusal.retry_after)})


def read_key(request: GatewayRequest) -> str | None:
    """Raises Problem 400."""
    value = request.header("Idempotency-Key")
    try:
        return None if value is None else parse_key(value)
    except ValueError as exc:
        raise Problem("bad-request", f"Idempotency-Key {exc}.") from exc


def replay_headers(claim: BatchClaim) -> dict[str, str]:
    """They mark the answer to a repeat."""
    if claim.kind == "replay" and claim.is_final:
        return {"Idempotency-Replayed": "true"}
    return {"Idempotency-Resumed": str(len(claim.to_send))} if claim.kind in ("resume", "replay") else {}
