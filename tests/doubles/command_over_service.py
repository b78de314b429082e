"""The partners' command in one process with the gateway that it sends to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli.access.credentials import Token
from cli.connection import JOBS, Answer, Connection, Stream
from cli.leavings import failed_rows
from cli.rows.opening import Reading, open_input
from cli.runs import Runs
from cli.update import Updates, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from tests.doubles.service import Service


class InProcess(Connection):
    """The command's connection to a service in this process. ``started`` is called when a job was."""

    def __init__(self, service: Service, started: Callable[[str], None]) -> None:
        super().__init__("http://gateway.test", Token("good"), plain_http=True)
        self._service = service
        self._started = started

    def job(
        self, method: str, path: str = "", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = super().job(method, path, body, headers)
        if path.endswith("/start"):
            self._started(str(answer.document["id"]))
        return answer

    def job_lines(self, path: str) -> Stream:
        reply = self._service.client.get(JOBS + path, headers={"Authorization": "Bearer good"})
        return Stream(Answer(status=reply.status_code), iter(reply.data.split(b"\n")), reply.close)

    def caller(self) -> str:
        return "alice"

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        authorized: bool = True,
    ) -> Answer:
        sent = {"Authorization": "Bearer good", **(headers or {})}
        reply = self._service.client.open(path, method=method, data=body, headers=sent)
        wait = reply.headers.get("Retry-After")
        return Answer(
            status=reply.status_code,
            document=reply.get_json(silent=True) or {},
            retry_after=None if wait is None else float(wait),
        )


def told_by_command(
    service: Service,
    folder: Path,
    batch: list[dict[str, Any]],
    *,
    waits: Callable[[], None],
    started: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Of each item by id: the action, or code and outcome of its failure.

    It goes as a job where ``started`` is given. ``waits`` is called in place of each pause. ``folder`` is its own.
    """
    folder.mkdir()
    (folder / "updates.ndjson").write_text("".join(f"{json.dumps(each)}\n" for each in batch), encoding="utf-8")
    runs = Runs(folder / "state")
    connection = InProcess(service, started or (lambda _: None))
    updates = Updates(connection, runs, lambda _seconds, _why: waits())
    source = open_input(str(folder / "updates.ndjson"), "", runs.spool)
    wishes = Wishes(job=started is not None, applied=folder / "applied.ndjson")
    with updates.open(source, Reading(), wishes) as update:
        list(update.run.steps())
        told = {
            batch[row.line - 1]["actionId"]: (failure.code, failure.outcome)
            for row, failure in failed_rows(update.rows, update.journal.path)
        }
    applied = map(json.loads, (folder / "applied.ndjson").read_text(encoding="utf-8").splitlines())
    return {**told, **{each["actionId"]: each for each in applied}}
