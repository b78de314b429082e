"""A partner of a running stack who has jobs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.e2e.stack import Partner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sandbox.stack import Stack
    from sandbox.web import Reply

JOBS = "/openapi/api/v1/jobs"
ENDED = {"succeeded", "partial", "failed", "cancelled"}
KINDS = ("applied", "failed", "unknown", "unprocessed")


class JobPartner(Partner):
    """Each verb fails where the answer is not the usual one."""

    def made(self, **wishes: Any) -> str:
        return str(_checked(self.call("POST", JOBS, wishes), 201).json()["id"])

    def put(self, job: str, number: int, ids: Sequence[int]) -> None:
        items = [{"actionId": str(item_id), "status": "active"} for item_id in ids]
        _checked(self.call("PUT", f"{JOBS}/{job}/parts/{number}", {"data": items}), 204)

    def start(self, job: str, parts: int) -> None:
        _checked(self.call("POST", f"{JOBS}/{job}/start", {"parts": parts}), 202)

    def started(self, ids: Sequence[int], part_items: int = 500, **wishes: Any) -> str:
        job = self.made(**wishes)
        begins = range(0, len(ids), part_items)
        for number, begin in enumerate(begins, 1):
            self.put(job, number, ids[begin : begin + part_items])
        self.start(job, len(begins))
        return job

    def look(self, job: str, **headers: str) -> dict[str, Any]:
        found: dict[str, Any] = _checked(self.call("GET", f"{JOBS}/{job}", **headers), 200).json()
        counts = found["counts"]
        assert sum(counts[kind] for kind in KINDS) == counts["total"]
        return found

    def watched(self, job: str, meanwhile: Callable[[], None] = lambda: None, seconds: float = 120.0) -> dict[str, Any]:
        """The job as it ended. What is settled never falls."""
        give_up, settled = time.monotonic() + seconds, 0
        while True:
            found = self.look(job, prefer="wait=1")
            left, before = found["counts"]["unprocessed"], settled
            settled = found["counts"]["total"] - left
            assert settled >= before
            if found["state"] in ENDED:
                return found
            assert time.monotonic() < give_up, f"still {found}"
            meanwhile()

    def lines(self, job: str, query: str = "") -> list[dict[str, Any]]:
        """Results; the last line must say that they are complete."""
        body = _checked(self.call("GET", f"{JOBS}/{job}/results{query}"), 200).body
        *lines, last = [json.loads(line) for line in body.splitlines() if line]
        assert last["complete"] is True, last
        return [line for line in lines if "index" in line]

    def outcomes(self, job: str, ids: Sequence[int]) -> dict[int, str]:
        """By item id; each item has one line, at its own index."""
        lines = self.lines(job)
        assert sorted(line["index"] for line in lines) == list(range(len(ids)))
        assert all(line["actionId"] == str(ids[line["index"]]) for line in lines)
        return {ids[line["index"]]: line["outcome"] for line in lines}


def _checked(reply: Reply, status: int) -> Reply:
    assert reply.status == status, reply.body
    return reply


def ledger(core: Any) -> Iterator[int]:
    """The ids of all applied calls, as the core has them."""
    return (int(entry["path"].rpartition("/")[2]) for entry in core.control("GET", "journal")["data"])


def for_jobs(stack: Stack, **more: str) -> dict[str, str]:
    """The settings of another gateway over the same store."""
    own = {name.removeprefix("GATEWAY_"): value for name, value in stack.environment().items() if "GATEWAY_" in name}
    return {name: value for name, value in own.items() if name not in ("CORE_URL", "KEYCLOAK_URL", "BIND")} | more
