"""A job as a partner sees it: made, filled with a mistake and without, started, watched, and read."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sandbox.web import call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.paint import Paint
    from sandbox.web import Reply

JOBS = "/openapi/api/v1/jobs"
PARTS: tuple[list[dict[str, str]], ...] = (
    [{"actionId": "19361", "status": "active"}, {"actionId": "90404", "status": "done"}],
    [{"actionId": "19362", "status": "done"}, {"actionId": "19363", "status": "pending"}],
)
MISTAKE = [{"actionId": "19362", "status": "open"}, {"actionId": "19361", "status": "done"}]
ENDED = {"applied": 3, "failed": 1, "unknown": 0, "unprocessed": 0}
_GIVE_UP_SECONDS = 30.0
_JSON = ("application/json", "application/problem+json")


class JobTour:
    """Over a running stack with a job worker."""

    def __init__(self, url: str, headers: Mapping[str, str], paint: Paint) -> None:
        self._url = url
        self._headers = headers
        self._paint = paint

    def run(self) -> Iterator[str]:
        """A line for each answer that is not as the contract says."""
        print(self._paint("bold", "A job: more than a batch may hold, in parts"))
        made = self._ask("POST", "", {"label": "spring"})
        yield from self._wrong(made, 201)
        if made.status != 201:
            return
        job = f"/{made.json()['id']}"
        yield from self._wrong(self._ask("PUT", f"{job}/parts/1", {"data": PARTS[0]}), 204)
        print(self._paint("dim", "a mistake in a part is told while you still send; nothing runs before it is mended"))
        yield from self._wrong(self._ask("PUT", f"{job}/parts/2", {"data": MISTAKE}), 400)
        yield from self._wrong(self._ask("POST", f"{job}/start", {"parts": 2}), 409)
        yield from self._wrong(self._ask("PUT", f"{job}/parts/2", {"data": PARTS[1]}), 204)
        yield from self._wrong(self._ask("POST", f"{job}/start", {"parts": 2}), 202)
        yield from self._watched(job)
        print(self._ask("GET", f"{job}/results").body.decode())

    def _watched(self, job: str) -> Iterator[str]:
        give_up = time.monotonic() + _GIVE_UP_SECONDS
        print(f"GET {JOBS}{job}  {self._paint('dim', 'Prefer: wait=5, until it has ended')}")
        while not _has_ended(look := self._call("GET", job, prefer="wait=5")) and time.monotonic() < give_up:
            pass
        self._show(look)
        yield from self._wrong(look, 200)
        counts = {name: count for name, count in look.json().get("counts", {}).items() if name != "total"}
        if counts != ENDED:
            yield f"the job must end with {ENDED}, ended with {counts}"

    def _ask(self, method: str, path: str, body: object = None) -> Reply:
        print(f"{method} {JOBS}{path}  {self._paint('dim', json.dumps(body) if body else '')}")
        reply = self._call(method, path, body)
        self._show(reply)
        return reply

    def _call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        return call(method, f"{self._url}{JOBS}{path}", json_body=body, headers={**self._headers, **headers})

    def _show(self, reply: Reply) -> None:
        print(f"{self._paint.status(reply.status)}  {self._paint('dim', _in_short(reply))}")

    def _wrong(self, reply: Reply, status: int) -> Iterator[str]:
        if reply.status != status:
            yield f"a job's answer must be {status}, was {reply.status}"


def _has_ended(look: Reply) -> bool:
    return look.status != HTTPStatus.OK or look.json()["ended_at"] is not None


def _in_short(reply: Reply) -> str:
    """What of an answer matters here."""
    if reply.headers.get("content-type") not in _JSON:
        return ""
    document: dict[str, Any] = reply.json()
    wanted = ("state", "counts", "detail", "errors", "missing", "refused")
    return json.dumps({name: document[name] for name in wanted if document.get(name)}, ensure_ascii=False)
