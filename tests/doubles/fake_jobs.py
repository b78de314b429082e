"""Jobs of the gateway in memory, as ``docs/contract.md`` 1.6 promises them, and broken as it is told to."""

from __future__ import annotations

import hashlib
import json
import re
from urllib.parse import parse_qs, urlsplit

from cli.connection import Answer, Stream
from tests.doubles.fake_gateway import problem

PAGE = 4
_PART = re.compile(r"/([^/]+)/parts/(\d+)")
LIVE = ("uploading", "queued", "running", "paused")


class Job:
    def __init__(self, number, label):
        self.id, self.label = f"J{number}", label
        self.state, self.why, self.retry_of = "uploading", None, None
        self.parts, self.refused, self.lines = {}, set(), []


class FakeJobs:
    """``moods`` are taken by the next requests, one each: ``down``, ``lost`` as for batches, or an answer as it stands.

    ``cuts`` break off the next streams of results after so many lines. ``hold`` are items that are settled by ``go_on``
    alone. ``most`` items go in a job. ``asked`` are the requests: method and path.
    """

    def __init__(self, gateway):
        self._gateway = gateway
        self.moods, self.cuts, self.asked, self.jobs, self.keys = [], [], [], {}, {}
        self.hold, self.most, self.places = set(), 1_000_000, True

    def job(self, method, path="", body=None, headers=None):
        self.asked.append((method, path))
        mood = self.moods.pop(0) if self.moods else "well"
        if mood == "down":
            return Answer(status=0, reason="no connection to gateway.test, or it broke off")
        if isinstance(mood, tuple):
            return self._gateway._answer(*mood)
        status, document = self._answer(method, path, body, headers or {})
        return (
            Answer(status=0, reason="it broke off") if mood == "lost" else self._gateway._answer(status, document, {})
        )

    def job_lines(self, path):
        self.asked.append(("GET", path))
        mood = self.moods.pop(0) if self.moods else "well"
        if isinstance(mood, tuple):
            return Stream(self._gateway._answer(*mood), iter(()))
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        job = self.jobs.get(parts.path.split("/")[1])
        if job is None:
            return Stream(self._gateway._answer(*problem("job-not-found", 404), {}), iter(()))
        lines = list(self._results(job, query))
        cut = self.cuts.pop(0) if self.cuts else len(lines)
        return Stream(Answer(status=200), iter(lines[:cut]))

    def go_on(self, job):
        """Settle what was held; the job ends."""
        self.hold.clear()
        self._run(job)

    def _answer(self, method, path, body, headers):
        if self._gateway.token != "good":
            return problem("invalid-token", 401)
        if not self.places:
            return problem("jobs-unavailable", 503)
        document = json.loads(body) if body else {}
        if method == "POST" and path == "":
            return self._make(document, headers)
        if method == "GET" and path.partition("?")[0] == "":
            return 200, {"data": [self._shown(job) for job in reversed(self.jobs.values())]}
        job = self.jobs.get(path.split("/")[1])
        if job is None:
            return problem("job-not-found", 404)
        if found := _PART.fullmatch(path):
            return self._put(job, int(found[2]), body, document["data"])
        verb = path.split("/")[2] if path.count("/") == 2 else ""
        return getattr(self, f"_{verb or method.lower()}")(job, document)

    def _make(self, document, headers):
        key = headers.get("Idempotency-Key", "")
        if key not in self.keys:
            job = Job(len(self.jobs) + 1, document.get("label", ""))
            self.jobs[job.id] = self.keys[key] = job
        return 201, self._shown(self.keys[key])

    def _put(self, job, number, body, items):
        if job.state != "uploading":
            return problem("job-state", 409)
        gateway, digest = self._gateway, hashlib.sha256(body).hexdigest()
        if number in job.parts:
            return (204, {}) if job.parts[number][0] == digest else problem("job-part-differs", 409)
        if len(items) > gateway.max_items:
            job.refused.add(number)
            return problem("batch-too-large", 413, max_items=gateway.max_items)
        if sum(len(items) for _, items in job.parts.values()) + len(items) > self.most:
            return problem("job-too-large", 413, max_job_items=self.most)
        wrong = [
            {"index": index, "line": index + 1, "field": "status", "code": gateway.invalid[item["actionId"]], "detail": "No."}
            for index, item in enumerate(items)
            if item["actionId"] in gateway.invalid
        ]  # fmt: skip
        if wrong:
            job.refused.add(number)
            return problem("validation-failed", 400, errors=wrong)
        job.refused.discard(number)
        job.parts[number] = digest, items
        return 204, {}

    def _start(self, job, document):
        wanted = set(range(1, document["parts"] + 1))
        missing, refused = sorted(wanted - job.parts.keys() - job.refused), sorted(job.refused)
        surplus = sorted(job.parts.keys() - wanted)
        if missing or refused or surplus:
            return problem("job-parts-missing", 409, missing=missing, refused=refused, surplus=surplus)
        if job.state == "uploading":
            job.state = "running"
            self._run(job)
        return 202, self._shown(job)

    def _run(self, job):
        done = {(line["part"], line["line"]) for line in job.lines}
        index = -1
        for part, (_, items) in sorted(job.parts.items()):
            for number, item in enumerate(items, 1):
                index += 1
                if (part, number) not in done and item["actionId"] not in self.hold:
                    job.lines.append(self._line(index, part, number, item))
        if len(job.lines) == index + 1:
            job.state = "succeeded" if all(line["outcome"] == "applied" for line in job.lines) else "partial"

    def _line(self, index, part, number, item):
        place = {"index": index, "part": part, "line": number, "actionId": item["actionId"]}
        error = self._gateway._refusal(item["actionId"])
        if error:
            outcome = "unknown" if error["outcome"] == "unknown" else "failed"
            return {**place, "outcome": outcome, "error": error}
        self._gateway.ledger.append((f"job {part}", item["actionId"]))
        return {**place, "outcome": "applied", "action": item}

    def _results(self, job, query):
        at = int(query.get("since", "0"))
        wanted = query.get("outcome")
        left = job.lines[at:]
        if job.state == "cancelled":
            left = [*left, *self._unprocessed(job)[max(0, at - len(job.lines)) :]]
        for begin in range(0, len(left), PAGE):
            page = left[begin : begin + PAGE]
            yield from (json.dumps(line).encode() for line in page if wanted in (None, line["outcome"]))
            yield json.dumps({"cursor": str(at + begin + len(page))}).encode()
        if query.get("follow") and job.state in LIVE:
            yield b""
        yield json.dumps({"cursor": str(at + len(left)), "complete": job.state not in LIVE}).encode()

    @staticmethod
    def _unprocessed(job):
        done = {(line["part"], line["line"]) for line in job.lines}
        return [
            {"index": 0, "part": part, "line": number, "actionId": item["actionId"], "outcome": "unprocessed"}
            for part, (_, items) in sorted(job.parts.items())
            for number, item in enumerate(items, 1)
            if (part, number) not in done
        ]

    def _get(self, job, _document):
        return 200, self._shown(job)

    def _delete(self, job, _document):
        if job.state in LIVE:
            job.state, job.why = "cancelled", "asked"
            return 202, self._shown(job)
        del self.jobs[job.id]
        return 204, {}

    def _pause(self, job, _document):
        if job.state not in LIVE:
            return problem("job-state", 409)
        job.state, job.why = "paused", "asked"
        return 200, self._shown(job)

    def _resume(self, job, _document):
        job.state, job.why = "running", None
        return 200, self._shown(job)

    def _retry(self, job, _document):
        """Asked again, the same one."""
        for known in self.jobs.values():
            if known.retry_of == job.id:
                return 202, self._shown(known)
        again = Job(len(self.jobs) + 1, job.label)
        again.retry_of, again.state = job.id, "queued"
        wanted = {line["actionId"] for line in job.lines if line.get("error", {}).get("retryable")}
        wanted |= {line["actionId"] for line in self._unprocessed(job)}
        if not wanted:
            return problem("job-nothing-to-retry", 409)
        again.parts = {
            1: ("", [item for _, items in job.parts.values() for item in items if item["actionId"] in wanted])
        }
        self.jobs[again.id] = again
        self._run(again)
        return 202, self._shown(again)

    @staticmethod
    def _shown(job):
        total = sum(len(items) for _, items in job.parts.values())
        by = {name: sum(line["outcome"] == name for line in job.lines) for name in ("applied", "failed", "unknown")}
        codes = {}
        for line in job.lines:
            if "error" in line:
                codes[line["error"]["code"]] = codes.get(line["error"]["code"], 0) + 1
        return {
            "id": job.id, "label": job.label, "state": job.state, "why": job.why, "parts": len(job.parts),
            "counts": {"total": total, **by, "unprocessed": total - sum(by.values())}, "rate": 10.0,
            "errors_by_code": [{"code": code, "count": count, "sample": "No."} for code, count in codes.items()],
            "created_at": "2026-11-28T12:00:00.000Z", "estimated_end_at": None, "ended_at": None, "expires_at": None,
            "retry_of": job.retry_of,
        }  # fmt: skip
