"""Two gateways and two job workers share a Redis: what one was told holds at the other, and each is killed under load."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sandbox.background import ROOT
from sandbox.core.seed import identifier
from sandbox.stack import Stack
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.e2e.jobs import ENDED, JOBS, JobPartner, for_jobs, ledger
from tests.e2e.stack import Partner
from tests.faults.house import Gateway, eventually
from tests.faults.soak.ledger import APPLIED, Ledger
from tests.faults.soak.traffic import Partners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sandbox.background import Background

pytestmark = pytest.mark.e2e
FIRST_ID = 19_000
RATE = 1000
SETTINGS = {
    "CIRCUIT_ENABLED": "false",
    "CORE_HONOURS_IDEMPOTENCY": "false",
    "JOB_LEASE": "2",
    "RATE_LIMIT": f"{RATE}/hour",
    "RETRY_BUDGET": "1",
    "RETRY_BUDGET_FLOOR": "1000",
}
WINDOW = 128
"""What a worker that is killed leaves in doubt at most (contract 1.5)."""
LEASE_SECONDS = 10.0
"""For how long the key of a batch stays with a gateway that was killed (contract 1.5)."""


class Keys:
    """The API keys of both gateways: made in one place, and exported as a file that they read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "api-keys.json"
        self.file.write_text('{"keys": []}')

    def made(self, *options: str) -> dict[str, Any]:
        made = self._run("create", "--name", "crm", "--scope", "INTEGRATION_API", "--json", *options)
        self._export()
        return dict(json.loads(made))

    def revoke(self, key_id: str) -> None:
        self._run("revoke", key_id)
        self._export()

    def _export(self) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(self._run("export"))
        new.replace(self.file)

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "gateway.keys", "--state-dir", str(self._folder), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


class Estate(NamedTuple):
    """``first`` has the core, the identity provider and the two job workers beside it."""

    first: Stack
    second: Gateway
    keys: Keys

    @property
    def urls(self) -> Sequence[str]:
        return (self.first.gateway.url, self.second.url)

    def minted(self, subject: str) -> str:
        return self.second.minted(sub=subject)

    def at(self, number: int, subject: str = "") -> JobPartner:
        """A partner of one gateway, who may be known by another subject."""
        return JobPartner(self.first, url=self.urls[number], token=self.minted(subject) if subject else "")

    def members(self) -> Iterator[tuple[Background, Callable[[], None]]]:
        """Each of the four, and what starts it again."""
        yield self.first.gateway, self.first.gateway.start
        for worker in self.first.job_workers:
            yield worker, partial(self.first.employ, worker)
        yield self.second.gateway, self.second.gateway.start


@pytest.fixture(scope="module", params=["loop", pytest.param("celery", marks=pytest.mark.slow)])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    if BINARY is None:
        pytest.skip(MISSING)
    keys, server = Keys(tmp_path_factory.mktemp("keys")), RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    own = {"REDIS_URL": server.url, "API_KEYS_FILE": str(keys.file), "JOB_DISPATCH": request.param}
    try:
        with (
            Stack(SETTINGS | own, core=["--no-idempotency"], job_workers=2) as first,
            Gateway(first, first.core.url, for_jobs(first)) as second,
        ):
            yield Estate(first, second, keys)
    finally:
        server.stop()


@pytest.fixture
def estate(shared: Estate) -> Estate:
    shared.first.core.control("POST", "reset")
    return shared


def items(count: int) -> list[dict[str, str]]:
    return [{"actionId": str(FIRST_ID + number), "status": "active"} for number in range(count)]


def test_a_rate_is_one_at_both_gateways(estate: Estate) -> None:
    here, there = estate.at(0, "rated"), estate.at(1, "rated")

    # Within three minutes: one more item may be sent each 3.6 seconds.
    statuses = [
        partner.patch(*items(count)).status for partner, count in ((here, 600), (there, 600), (there, 400), (here, 50))
    ]

    assert statuses == [200, 429, 200, 429]
    assert estate.at(1, "another").patch(*items(1)).status == 200


def test_a_key_of_idempotency_is_one_at_both_gateways(estate: Estate) -> None:
    here, there = estate.at(0, "keyed"), estate.at(1, "keyed")

    first = here.patch(*items(3), idempotency_key="k")
    again = there.patch(*items(3), idempotency_key="k")
    other = there.patch(*items(2), idempotency_key="k")

    assert (first.status, again.status, other.status) == (200, 200, 422)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.body == first.body
    assert Counter(ledger(estate.first.core)) == Counter(range(FIRST_ID, FIRST_ID + 3))


def test_an_api_key_and_its_rate_hold_at_both_gateways(estate: Estate) -> None:
    key = estate.keys.made("--rate", "3/hour")["key"]
    here, there = (lambda number=number: put(estate, number, key) for number in (0, 1))
    # Each reads the file every few seconds, and at once for a key that it does not know.
    assert [here(), there(), here(), there(), here()] == [200, 200, 200, 429, 429]


@pytest.mark.slow
def test_an_api_key_that_was_revoked_is_refused_at_both_gateways(estate: Estate) -> None:
    made = estate.keys.made()
    assert [put(estate, number, made["key"]) for number in (0, 1)] == [200, 200]

    estate.keys.revoke(made["id"])

    eventually(lambda: [put(estate, number, made["key"]) for number in (0, 1)] == [401, 401])


def put(estate: Estate, number: int, key: str) -> int:
    """The status of an update with an API key."""
    integration, action = identifier("CRM"), identifier("CRM/Get User Data")
    partner = Partner(estate.first, url=estate.urls[number])
    return partner.put(integration, action, {"name": "Get User Data"}, key).status


def test_a_job_is_made_at_one_gateway_and_filled_watched_and_ended_at_the_other(estate: Estate) -> None:
    here, there, ids = estate.at(0), estate.at(1), range(FIRST_ID, FIRST_ID + 600)
    job = here.made()
    here.put(job, 1, ids[:300])
    there.put(job, 2, ids[300:])
    here.start(job, 2)

    ended = there.watched(job)

    assert ended["state"] == "succeeded"
    assert there.outcomes(job, ids) == dict.fromkeys(ids, "applied")
    assert Counter(ledger(estate.first.core)) == Counter(ids)
    assert there.call("DELETE", f"{JOBS}/{job}").status == 204
    assert here.call("GET", f"{JOBS}/{job}").status == 404


def test_a_job_is_cancelled_at_the_other_gateway_and_no_worker_sends_more(estate: Estate) -> None:
    estate.first.core.control("PUT", "weather", {"latency_ms": 50})
    here, there, ids = estate.at(0), estate.at(1), range(FIRST_ID, FIRST_ID + 2000)
    job = here.started(ids)
    eventually(lambda: here.look(job)["state"] == "running")

    there.call("DELETE", f"{JOBS}/{job}")
    ended = there.watched(job)
    told, applied = Counter(here.outcomes(job, ids).values()), Counter(ledger(estate.first.core))

    assert (ended["state"], ended["why"]) == ("cancelled", "asked")
    assert told["unprocessed"] > 500
    assert told == Counter(applied=len(applied), unprocessed=2000 - len(applied))


def run_under_fire(estate: Estate, account: Ledger, name: str, job_items: int, mend_seconds: float = 0.0) -> None:
    """Each of the four is killed in turn, while batches with and without keys and a job run.

    The partners of batches are known by ``name``. ``mend_seconds``: for so long they send again what has no answer yet.
    """
    partners = [Partners(estate.urls, partial(estate.minted, f"{name}-{n}"), account, 1, seed=n) for n in range(6)]
    estate.first.core.control("PUT", "weather", {"latency_ms": 150})
    marks = account.new_marks(job_items)
    job = started(estate.at(0), marks)
    for partner in partners:
        partner.start()
    for member, start_again in estate.members():
        wait_for_more(estate)
        member.kill()
        wait_for_more(estate)
        start_again()
    told = told_of(estate.at(1), job, marks)
    for partner in partners:
        partner.end()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda partner: partner.mend(mend_seconds), partners))
    account.note_outcomes(told)
    account.read_journal(estate.first.core)
    assert Counter(outcome for _, outcome in told)["unknown"] <= WINDOW * len(estate.first.job_workers)


def wait_for_more(estate: Estate) -> None:
    """Until the core has applied some more."""
    before = applied(estate)
    eventually(lambda: applied(estate) > before + 20, 30.0)


def applied(estate: Estate) -> int:
    return int(estate.first.core.control("GET", "calls")["applied"])


def started(partner: JobPartner, marks: Sequence[int], part_items: int = 500) -> str:
    """A job of items that carry these marks."""
    job = partner.made()
    begins = range(0, len(marks), part_items)
    for number, begin in enumerate(begins, 1):
        part = [
            {"actionId": str(FIRST_ID + begin + line), "title": {"en": str(mark)}}
            for line, mark in enumerate(marks[begin : begin + part_items])
        ]
        assert partner.call("PUT", f"{JOBS}/{job}/parts/{number}", {"data": part}).status == 204
    partner.start(job, len(begins))
    return job


def told_of(partner: JobPartner, job: str, marks: Sequence[int]) -> list[tuple[int, str]]:
    """What the job says of each item once it has ended, by mark."""
    ended = partner.watched(job)
    assert ended["state"] in ENDED
    lines = partner.lines(job)
    assert sorted(line["index"] for line in lines) == list(range(len(marks)))
    told = [(marks[line["index"]], line["outcome"]) for line in lines]
    assert Counter(outcome for _, outcome in told) == Counter(
        {kind: ended["counts"][kind] for kind in ("applied", "unknown") if ended["counts"][kind]}
    )
    return told


def test_each_of_the_four_is_killed_in_turn_and_every_item_is_accounted_for(estate: Estate) -> None:
    account = Ledger()

    run_under_fire(estate, account, "once", job_items=1000)
    found = account.reconcile()

    assert account.contradictions == []
    assert found[APPLIED] > 500
    assert found["unknown"] > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_of_the_four_is_killed_again_and_again_and_every_batch_with_a_key_is_settled(estate: Estate) -> None:
    account = Ledger()

    for number in range(4):
        run_under_fire(estate, account, f"round-{number}", job_items=2000, mend_seconds=2 * LEASE_SECONDS)
    found = account.reconcile()

    assert account.contradictions == []
    assert found[APPLIED] > 5000
