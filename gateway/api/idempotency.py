"""Idempotency keys at the endpoint (hop 5, contract 1.5)."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import FingerprintMismatch, InProgress, RecordUnusable, StoreUnavailable
from gateway.admission.idempotency.key import fingerprint, parse_key
from gateway.admission.outage import StoreState
from gateway.batch.batch_claim import KeyedClaim, NoClaim, PacedClaim
from gateway.batch.job_claim import JobClaim
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Request

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.store import IdempotencyStore
    from gateway.api.request import GatewayRequest
    from gateway.api.unsent import UnsentRate
    from gateway.auth.principal import Principal
    from gateway.batch.batch_claim import BatchClaim

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

    @contextmanager
    def claim(
        self, request: GatewayRequest, key: str | None, caller: Principal, body: bytes, items: int, window: int | None
    ) -> Iterator[BatchClaim]:
        """Around a batch. Raises Problem 409, 422 or 503.

        Without a key, ``window`` bounds the calls whose outcomes were not taken; with one, the store's policy does.
        """
        if key is None:
            yield NoClaim(items) if window is None else PacedClaim(items, window)
            return
        claim = KeyedClaim(self._claim(request, key, caller, body, items))
        try:
            with claim:
                yield claim
        finally:
            _tell_kept(request, claim)

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
        claim = JobClaim(self._claim(request, key, caller, body, 1, kind=" as a job"))
        try:
            with claim:
                yield claim
        finally:
            _tell_kept(request, claim)

    def _claim(
        self, request: GatewayRequest, key: str, caller: Principal, body: bytes, items: int, kind: str = ""
    ) -> Claim:
        try:
            digest = fingerprint(request.method + kind, request.path, body)
            claim = self._store.claim(caller.id, key, digest, items, self._let_others_run)
        except InProgress as exc:
            self._unsent.charge(request, caller, len(body))
            raise Problem("in-progress", headers={"Retry-After": str(exc.retry_after)}) from exc
        except FingerprintMismatch as exc:
            self._unsent.charge(request, caller, len(body))
            raise Problem("idempotency-key-reused") from exc
        except StoreUnavailable as exc:
            self._could_not_take(exc)
            detail = "Idempotency records cannot be kept now. Send again later, or without the key."
            raise Problem("temporarily-unavailable", detail, headers={"Retry-After": str(exc.retry_after)}) from exc
        # A full disk can still be read, so a replay proves nothing.
        if claim.kind != "replay" and self._state.came_back():
            _log.warning("idempotency_store_back")
        return claim

    def _could_not_take(self, error: StoreUnavailable) -> None:
        self.refused += 1
        if not isinstance(error, RecordUnusable) and self._state.went_down():
            _log.warning("idempotency_store_down", extra={"reason": error.reason})


def _tell_kept(request: GatewayRequest, claim: KeyedClaim | JobClaim) -> None:
    # A repeat of this request would not find its record.
    if not claim.is_kept:
        request.answer_headers["Idempotency-Kept"] = "false"


def read_key(request: Request) -> str | None:
    """Raises Problem 400."""
    value = request.headers.get("Idempotency-Key")
    try:
        return None if value is None else parse_key(value)
    except ValueError as exc:
        raise Problem("bad-request", f"Idempotency-Key {exc}.") from exc


def replay_headers(claim: BatchClaim) -> dict[str, str]:
    """They mark the answer to a repeat."""
    if claim.kind == "replay" and claim.is_final:
        return {"Idempotency-Replayed": "true"}
    return {"Idempotency-Resumed": str(len(claim.to_send))} if claim.kind in ("resume", "replay") else {}
