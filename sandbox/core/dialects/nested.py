"""A core of documents: nested JSON, ISO dates with zones, ids as texts, and errors at a path."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from sandbox.core.api import MEDIA_TYPE
from sandbox.core.dialects.base import Field, Fields, body_of, document_of, same, texts, with_body
from sandbox.core.errors import refuse

if TYPE_CHECKING:
    from sandbox.server.messages import Answer, Request

ACCEPTED = "application/vnd.documents+json"
SENT = "application/merge-patch+json"
GONE, LOCKED = 410, 423

_PATH = re.compile(r"/v2/workflow/actions/([^/]+)")
_STATES = {0: "draft", 1: "pending", 2: "active", 3: "approved", 4: "done", 9: "inactive"}
_WORDS = {word: state for state, word in _STATES.items()}
_PARIS = ZoneInfo("Europe/Paris")


def _there(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, _PARIS).isoformat()


def _back(text: str) -> int:
    """Raises ValueError for a time without a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return int(moment.astimezone(UTC).timestamp())


def _partners(listed: str) -> list[dict[str, Any]]:
    return [{"ref": {"id": partner}} for partner in listed.split(",") if partner]


def _listed(partners: list[dict[str, Any]]) -> str:
    return ",".join(partner["ref"]["id"] for partner in partners)


FIELDS = Fields(
    [
        Field("id", "meta.id", str, int),
        Field("category", "class.category.code", str.lower, str.upper),
        Field("type", "class.type.code", str.lower, str.upper),
        Field("state", "state.name", _STATES.__getitem__, _WORDS.__getitem__),
        *texts("texts.{name}.{language}"),
        Field("partners", "partners", _partners, _listed),
        Field("effective_at", "schedule.from", _there, _back),
        Field("due_at", "schedule.due", _there, _back),
        Field("expires_at", "schedule.until", _there, _back),
        Field("author", "meta.author", same, same),
    ]
)


class Nested:
    def understood(self, request: Request) -> Request:
        found = _PATH.fullmatch(request.path)
        if not found:
            if request.path.startswith("/actions/"):
                raise refuse(404)
            return request
        own = request._replace(target=f"/actions/{found[1]}")
        if request.method == "GET":
            return own
        if request.headers.get("accept") != ACCEPTED:
            raise refuse(406, f"This core speaks {ACCEPTED}.")
        if request.headers.get("content-type") != SENT:
            raise refuse(415, f"The body must be {SENT}.")
        headers = {**request.headers, "accept": MEDIA_TYPE, "content-type": "application/json"}
        return own._replace(headers=headers, body=orjson.dumps(FIELDS.own(body_of(request))))

    def spoken(self, answer: Answer) -> Answer:
        document = document_of(answer)
        if answer.status < 300:
            item = document.get("data")
            if type(item) is not dict:
                return answer
            return with_body(answer, {"action": FIELDS.there(item) if "state" in item else {"meta": item, **item}})
        if "message" not in document:
            return answer
        status = {404: GONE, 503: LOCKED}.get(answer.status)
        problem = {"title": document["message"], "violations": FIELDS.names(document.get("errors", {}))}
        return with_body(answer, {"problem": problem}, status)
