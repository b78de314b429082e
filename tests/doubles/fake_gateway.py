"""A gateway in memory that keeps the promises of ``docs/contract.md`` 1.3 and 1.5, and breaks what it is told to."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import responses

from cli.connection import ACTIONS, JOBS, LIMITS, Answer

URL = "https://gateway.test"


def problem(slug, status, **members):
    return status, {"type": f"{URL}/problems/{slug}", "title": slug, "status": status, "detail": f"{slug}.", **members}


class FakeGateway:
    """``moods`` are taken by the next batches, one each:

    ``lost``: applied, and the answer is lost; ``down``: no connection; ``html``: a proxy's page, and nothing applied;
    a tuple ``(status, document, headers)`` is answered as it stands. ``codes`` refuse items by id for good, ``busy``
    is how often an id is busy before it is applied.
    """

    url = URL
    log_in = "Log in again."
    reach = ()

    def __init__(self, max_items=1000, max_bytes=5_242_880, rate=None):
        self.max_items, self.max_bytes, self.rate = max_items, max_bytes, rate
        self.moods, self.codes, self.busy, self.invalid = [], {}, {}, {}
        self.ledger = []
        self.keys = {}
        self.bodies = []
        self.token = "good"
        self.renewals = []
        self.closed = False
        self.name = "somebody"
        self.jobs = None
        self.more_limits = {}

    def limits(self):
        rate = self.rate and {"unit": "items", "limit": self.rate, "seconds": 60}
        told = {
            "max_items": self.max_items,
            "max_bytes": self.max_bytes,
            "rate": rate,
            "concurrency": 32,
            "deadline_seconds": 25.0,
            "idempotency_seconds": 86400.0,
            "languages": ["en", "fr"],
            **self.more_limits,
        }
        return self._answer(200, {"actions": told}, {})

    def job(self, method, path="", body=None, headers=None):
        """``jobs`` are FakeJobs; without, this gateway is older than they are."""
        if self.jobs is None:
            return self._answer(*problem("no-such-page", 404), {})
        return self.jobs.job(method, path, body, headers)

    def job_lines(self, path):
        return self.jobs.job_lines(path)

    def page(self, path):
        return self._answer(200, {"info": {"version": "9.9.9"}}, {})

    def caller(self):
        return self.name

    def renew(self):
        if not self.renewals:
            return False
        self.token = self.renewals.pop(0)
        return True

    def close(self):
        self.closed = True

    def update(self, body, key="", *, dry_run=False):
        mood = self.moods.pop(0) if self.moods else "well"
        if mood == "down":
            return Answer(status=0, reason="no connection to gateway.test, or it broke off")
        if mood == "html":
            return Answer(status=502)
        if isinstance(mood, tuple):
            return self._answer(*mood)
        answer = self._answer(*self._run(body, key, dry_run))
        return Answer(status=0, reason="it broke off") if mood == "lost" else answer

    @staticmethod
    def _answer(status, document, headers):
        retry_after = headers.get("Retry-After")
        return Answer(
            status=status,
            document=document,
            retry_after=None if retry_after is None else float(retry_after),
            request_id="01TEST",
            rate_policy=headers.get("RateLimit-Policy", ""),
        )

    def _run(self, body, key, dry_run):
        if self.token != "good":
            return (*problem("invalid-token", 401), {})
        items = json.loads(body)["data"]
        if len(items) > self.max_items:
            return (*problem("batch-too-large", 413, max_items=self.max_items), {})
        if len(body) > self.max_bytes:
            return (*problem("body-too-large", 413, max_bytes=self.max_bytes), {})
        wrong = [
            {
                "index": index,
                "actionId": item["actionId"],
                "field": "status",
                "code": self.invalid[item["actionId"]],
                "detail": "No.",
            }
            for index, item in enumerate(items)
            if item["actionId"] in self.invalid
        ]
        if wrong:
            return (*problem("validation-failed", 400, errors=wrong), {})
        if dry_run:
            return 200, {"data": [], "validated": len(items)}, {}
        self.bodies.append((key, body))
        if self.keys.setdefault(key, body) != body:
            return (*problem("idempotency-key-reused", 422), {})
        return self._settle(items, key)

    def _settle(self, items, key):
        data, errors = [], []
        for index, item in enumerate(items):
            error = self._refusal(item["actionId"])
            if error:
                errors.append({"index": index, "actionId": item["actionId"], **error})
            else:
                if (key, item["actionId"]) not in self.ledger:
                    self.ledger.append((key, item["actionId"]))
                data.append(item)
        if not errors:
            return 200, {"data": data}, {}
        if data:
            return 207, {"data": data, "errors": errors}, {}
        status = 503 if any(error["retryable"] for error in errors) else 400
        slug = "temporarily-unavailable" if status == 503 else "core-rejected"
        return (*problem(slug, status, errors=errors), {"Retry-After": "1"} if status == 503 else {})

    def _refusal(self, item_id):
        if self.busy.get(item_id, 0) > 0:
            self.busy[item_id] -= 1
            return {"code": "core_busy", "detail": "Busy.", "outcome": "not_applied", "retryable": True}
        if item_id in self.codes:
            return {"code": self.codes[item_id], "detail": "No.", "outcome": "not_applied", "retryable": False}
        return None

    @property
    def applied(self):
        """The ids, in the order of being applied; twice where an id was applied twice."""
        return [item_id for _, item_id in self.ledger]

    def serve(self, mock: responses.RequestsMock):
        """Answer what ``requests`` is asked for at URL."""

        def answered(answer):
            if answer.status == 0:
                raise responses.ConnectionError("gone")
            headers = {"X-Request-ID": answer.request_id}
            if answer.retry_after is not None:
                headers["Retry-After"] = str(int(answer.retry_after))
            return answer.status, headers, json.dumps(answer.document) if answer.document else "<html>"

        def update(request):
            self.token = request.headers["Authorization"].removeprefix("Bearer ")
            dry_run = parse_qs(urlsplit(request.url).query).get("dry_run") == ["true"]
            return answered(self.update(request.body, request.headers.get("Idempotency-Key", ""), dry_run=dry_run))

        def job(request):
            self.token = request.headers["Authorization"].removeprefix("Bearer ")
            path = request.url.removeprefix(URL + JOBS)
            if path.partition("?")[0].endswith("/results"):
                stream = self.job_lines(path)
                if stream.answer.status != 200:
                    return answered(stream.answer)
                return 200, {}, b"".join(line + b"\n" for line in stream.lines)
            answer = self.job(request.method, path, request.body, request.headers)
            return (204, {}, b"") if answer.status == 204 else answered(answer)

        mock.add_callback("PATCH", URL + ACTIONS, update)
        for method in ("GET", "POST", "PUT", "DELETE"):
            mock.add_callback(method, re.compile(re.escape(URL + JOBS)), job)
        mock.add_callback("GET", URL + LIMITS, lambda _: answered(self.limits()))
        mock.add_callback("GET", f"{URL}/openapi.json", lambda _: answered(self.page("/openapi.json")))
