"""No file is made: one of this user could be one that the service's user cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.auth.api_keys.store_user import user_mismatch
from gateway.check.finding import Finding
from gateway.jobs.availability import carries_no_job
from gateway.wiring.jobs import job_stores
from gateway.wiring.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.admission.idempotency.errors import StoreUnavailable
    from gateway.settings import Settings

_FILES = ("idempotency.sqlite", "jobs.sqlite")


def stores_found(settings: Settings) -> Iterator[Finding]:
    records, jobs = (settings.stores.state_dir / name for name in _FILES)
    stores = Stores(settings)
    try:
        if _can_ask(settings, records):
            yield _answer("idempotency records", stores.idempotency.ping())
        else:
            yield _not_made(records)
    finally:
        stores.close()
    yield from _jobs_found(settings, jobs)


def _jobs_found(settings: Settings, path: Path) -> Iterator[Finding]:
    if reason := carries_no_job(settings.core.core_auth):
        yield Finding("store", "ok", f"jobs: none can be taken: {reason}")
        return
    if not _can_ask(settings, path):
        yield _not_made(path)
        return
    stores = job_stores(settings)
    try:
        problem = stores.chunks.ping()
        yield _answer("jobs", problem)
        if problem is None and (unfit := stores.unfit()):
            yield Finding("store", "WRONG", unfit)
        if problem is None and (risk := stores.risk()):
            yield Finding("store", "note", risk)
    finally:
        stores.close()


def _can_ask(settings: Settings, path: Path) -> bool:
    return bool(settings.stores.redis_url) or (path.exists() and not user_mismatch(path))


def _not_made(path: Path) -> Finding:
    if mismatch := user_mismatch(path):
        return Finding("store", "WRONG", mismatch)
    return Finding("store", "ok", f"{path}: not there yet; the service makes it")


def _answer(what: str, problem: StoreUnavailable | None) -> Finding:
    if problem:
        return Finding("store", "WRONG", f"{what}: cannot be kept: {problem.reason}")
    return Finding("store", "ok", f"{what}: can be kept")
