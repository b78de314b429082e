"""An RPC-like core: POST, a wrapped body, and a 200 for everything, with ``ok`` and a code inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import orjson

from sandbox.core.api import MEDIA_TYPE
from sandbox.core.dialects.base import Field, Fields, body_of, document_of, same, texts, with_body
from sandbox.core.errors import refuse

if TYPE_CHECKING:
    from sandbox.server.messages import Answer, Request

CODES = {400: 22, 401: 31, 403: 31, 404: 4, 405: 40, 406: 40, 409: 9, 415: 40, 422: 22, 429: 17, 500: 99, 503: 17}
KEY_HEADER = "x-once"

_PATH = re.compile(r"/rpc/actions/([^/]+)/(update|read)")
_CATEGORIES = {"VALIDATION": "V", "LINK": "L", "FORM": "F", "TODO": "T", "SCHEDULE": "S"}
_STATES = {0: "DRAFT", 1: "PENDING", 2: "ACTIVE", 3: "APPROVED", 4: "DONE", 9: "INACTIVE"}
_OF_LETTER = {letter: word for word, letter in _CATEGORIES.items()}
_OF_NAME = {name: state for state, name in _STATES.items()}
_TOKYO = timezone(timedelta(hours=9))
_DAY_FIRST = "%d/%m/%Y %H:%M:%S"


def _day_first(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, _TOKYO).strftime(_DAY_FIRST)


def _from_day_first(text: str) -> int:
    return int(datetime.strptime(text, _DAY_FIRST).replace(tzinfo=_TOKYO).timestamp())


def _in_digits(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


def _from_digits(text: str) -> int:
    return int(datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())


def _seconds(millis: int) -> int:
    return millis // 1000


FIELDS = Fields(
    [
        Field("id", "id", same, same),
        Field("category", "cat", _CATEGORIES.__getitem__, _OF_LETTER.__getitem__),
        Field("type", "kind", str.lower, str.upper),
        Field("state", "status", _STATES.__getitem__, _OF_NAME.__getitem__),
        *texts("{name}_{language}"),
        Field("partners", "partners", lambda text: text.replace(",", "|"), lambda text: text.replace("|", ",")),
        Field("effective_at", "validFrom", _in_digits, _from_digits),
        Field("due_at", "dueMillis", lambda seconds: seconds * 1000, _seconds),
        Field("expires_at", "validTo", _day_first, _from_day_first),
        Field("author", "author", same, same),
    ]
)


class Rpc:
    def understood(self, request: Request) -> Request:
        found = _PATH.fullmatch(request.path)
        if not found:
            if request.path.startswith("/actions/"):
                raise refuse(404)
            return request
        if request.method != "POST":
            raise refuse(405)
        headers = {name: value for name, value in request.headers.items() if name != "idempotency-key"}
        if KEY_HEADER in headers:
            headers["idempotency-key"] = headers[KEY_HEADER]
        own = request._replace(target=f"/actions/{found[1]}", headers={**headers, "accept": MEDIA_TYPE})
        if found[2] == "read":
            return own._replace(method="GET")
        action = body_of(request).get("action")
        if type(action) is not dict:
            raise refuse(400, "The body must be an object with an action.")
        return own._replace(method="PATCH", body=orjson.dumps(FIELDS.own(action)))

    def spoken(self, answer: Answer) -> Answer:
        document = document_of(answer)
        if answer.status < 300:
            item = document.get("data")
            if type(item) is not dict:
                return answer
            return with_body(answer, {"ok": True, "result": FIELDS.there(item) if "state" in item else item})
        if answer.status not in CODES:
            return answer
        told = {
            "code": CODES[answer.status],
            "text": document.get("message", ""),
            "fields": FIELDS.names(document.get("errors", {})),
        }
        return with_body(answer, {"ok": False, "error": told}, 200)
