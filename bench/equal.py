"""Does every service give the same answers? Nothing is timed before this holds; ``python -m bench --equal`` stops there."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from bench.items import BULK, body, broken_item, item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.services import Running
    from bench.tokens import Issuer


class Case(NamedTuple):
    """One request and what the contract wants of its answer."""

    name: str
    items: list[dict[str, Any]]
    status: int
    authorization: str
    errors: int = 0


def cases(issuer: Issuer) -> list[Case]:
    """The requests that all services must answer alike."""
    good = f"Bearer {issuer.token()}"
    partly = [item(1), item(40401), item(2), item(42201)]
    sparse: list[dict[str, Any]] = [
        {"actionId": 7, "subtitle": None, "due_date": None},
        {"actionId": "0008", "title": {"fr": "é"}},
    ]
    return [
        Case("valid", [item(number) for number in range(1, 41)], 200, good),
        Case("null, numbers and leading zeros", sparse, 200, good),
        Case("partly refused by the core", partly, 207, good, 2),
        Case("not found", [item(40401), item(40402)], 404, good, 2),
        Case("refused by the core", [item(42201), item(40401)], 400, good, 2),
        Case("broken items", [broken_item(number) for number in range(100, 300)], 400, good, 220),
        *(Case(f"breaks: {name}", [item(1), broken], 400, good, 1) for name, broken in _broken()),
        Case("breaks: action repeated", [item(1), item(2), item(1)], 400, good, 1),
        Case("no token", [item(1)], 401, ""),
        Case("ended token", [item(1)], 401, f"Bearer {issuer.token(lifetime=-600)}"),
        Case("token for another audience", [item(1)], 401, f"Bearer {issuer.token(audience='else')}"),
        Case("forged token", [item(1)], 401, good[:-8] + "AAAAAAAA"),
    ]


def _broken() -> Iterator[tuple[str, dict[str, Any]]]:
    """An item for each rule of contract 1.2, breaking just this one."""
    whole = item(5)
    partner = whole["partner_ids"][0]
    for name, value in (
        ("actionId", "12a"), ("actionId", "1" * 21), ("actionId", -4), ("category_action", "memo"),
        ("type_action", None), ("status", "gone"), ("title", {}), ("title", {"de": "x"}), ("title", {"en": "x" * 256}),
        ("subtitle", "x"), ("details", {"en": 5}), ("details", None), ("partner_ids", []), ("partner_ids", ["x"]),
        ("partner_ids", [partner, partner]), ("effective_date", "2024-02-30 00:00:00"), ("due_date", "2024-01-10"),
        ("expires_at", 1704869475), ("author_id", "x"), ("colour", "red"),
    ):  # fmt: skip
        yield f"{name} = {json.dumps(value)[:24]}", whole | {name: value}
    yield "no actionId", {name: value for name, value in whole.items() if name != "actionId"}
    yield "nothing to update", {"actionId": "5"}


def differences(services: Iterable[Running], issuer: Issuer) -> list[str]:
    """One line for each answer that is not what the contract wants, or not as the first service gave it."""
    wanted: dict[str, Any] = {}
    found = []
    for running in services:
        for case in cases(issuer):
            status, answer = _ask(running, case)
            told = _told(answer)
            problem = _mismatch(case, status, told, wanted.setdefault(case.name, told))
            if problem:
                found.append(f"{running.service.title}: {case.name}: {problem}")
    return found


def _mismatch(case: Case, status: int, told: dict[str, Any], first: dict[str, Any]) -> str:
    if status != case.status:
        return f"status {status}, not {case.status}"
    if told["errors"] != case.errors:
        return f"{told['errors']} errors, not {case.errors}"
    if told != first:
        return f"{told}, but the first service says {first}"
    return ""


def _ask(running: Running, case: Case) -> tuple[int, dict[str, Any]]:
    where = urlsplit(running.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": case.authorization} if case.authorization else {}
    )
    try:
        connection.request("PATCH", BULK, body(case.items), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    """What must be equal of an answer: the actions, the number of errors and which items they are about."""
    errors = answer.get("errors", [])
    about = sorted((error["index"], error.get("status", 0)) for error in errors)
    return {"actions": answer.get("data"), "errors": answer.get("errors_total", len(errors)), "about": about}
