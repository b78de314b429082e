"""What an answer of the core means (``contract.md`` section 3). Anything the contract does not allow is a BadAnswer."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import orjson

from legacy_client.errors import BadAnswer, Busy, CoreError, Rejected, SaidNo, ServerFailed
from legacy_client.sending.statuses import REFUSALS, meaning_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

Answer = dict[str, object]

MAX_RETRY_AFTER = 86_400.0
_MAX_FIELDS = 64
_MAX_MESSAGES = 16
_MAX_TEXT = 500


class AnswerReader:
    """Reads answers; ``atomic_errors`` says that a 5xx of this core means that nothing was applied."""

    def __init__(
        self, *, atomic_errors: bool, max_answer_bytes: int, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._atomic_errors = atomic_errors
        self._max_bytes = max_answer_bytes
        self._wall_clock = wall_clock

    def read(self, response: Response, expected_id: int | str) -> Answer | CoreError:
        """The action that the core returned, ``{}`` where it returned none, or why there is none.

        ``expected_id`` is the ``id`` that the action must have: an answer about another one is no answer.
        """
        status = response.status_code
        if not 200 <= status < 300:
            return self._failure(response, status)
        body = response.content
        if status in (202, 204) or not body:
            return {}
        if len(body) > self._max_bytes:
            return BadAnswer("too large")
        if not is_json(response.headers.get("Content-Type")):
            return BadAnswer("unexpected content type")
        return _action(body, expected_id)

    def _failure(self, response: Response, status: int) -> CoreError:
        kind = meaning_of(status)
        if issubclass(kind, Busy):
            return kind(status, retry_after=retry_after(response.headers.get("Retry-After"), self._wall_clock))
        if issubclass(kind, SaidNo):
            return refusal(status, response.content[: self._max_bytes])
        if issubclass(kind, ServerFailed):
            return kind(status, atomic=self._atomic_errors)
        return BadAnswer(f"status {status}")


def _action(body: bytes, expected_id: int | str) -> Answer | BadAnswer:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return BadAnswer("not JSON")
    action = document.get("data") if type(document) is dict else None
    if type(action) is not dict:
        return BadAnswer("no data object")
    found = action.get("id")
    # True equals 1 and 1.0 equals 1, so the type is part of the comparison.
    if found != expected_id or type(found) is not type(expected_id):
        if not _is_spelt_otherwise(found, expected_id, body):
            return BadAnswer("about another action")
        action["id"] = expected_id
    return action


def _is_spelt_otherwise(found: object, expected_id: int | str, body: bytes) -> bool:
    """Whether ``found`` is the expected id all the same: a UUID in other case, or an integer beyond 64 bits."""
    if type(found) is str and type(expected_id) is str:
        return found.lower() == expected_id.lower()
    # orjson reads such an integer as a float, and many others as the same; the standard library reads it exactly.
    return type(found) is float and type(expected_id) is int and _exact_id(body) == expected_id


def _exact_id(body: bytes) -> int | None:
    """The id in a body that orjson has accepted; None where it is no integer."""
    try:
        found = json.loads(body)["data"]["id"]
    except (ValueError, RecursionError):
        return None
    return found if type(found) is int else None


def is_json(content_type: str | None) -> bool:
    """``application/json`` or ``application/*+json``, with any parameters; an answer without a type may be JSON."""
    if content_type is None or content_type == "application/json":
        return True
    essence = content_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def retry_after(value: str | None, wall_clock: Callable[[], float]) -> float | None:
    """The seconds that a ``Retry-After`` asks for (RFC 9110 section 10.2.3), at most a day; None where it is no such.

    A date that is already over asks for nothing more than now.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:10]), MAX_RETRY_AFTER)) if len(text) <= 10 else MAX_RETRY_AFTER
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return min(max(0.0, at - wall_clock()), MAX_RETRY_AFTER)


def refusal(status: int, body: bytes) -> SaidNo:
    """A 4xx with what of ``{"message", "errors"}`` is well-formed; the status alone where nothing is."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if type(document) is not dict:
        document = {}
    message = document.get("message")
    return REFUSALS.get(status, Rejected)(
        status, message=message[:_MAX_TEXT] if type(message) is str else "", errors=_messages(document.get("errors"))
    )


def _messages(errors: object) -> dict[str, list[str]]:
    if type(errors) is not dict:
        return {}
    cleaned = {}
    for name, texts in list(errors.items())[:_MAX_FIELDS]:
        listed = texts if type(texts) is list else [texts]
        kept = [text[:_MAX_TEXT] for text in listed[:_MAX_MESSAGES] if type(text) is str]
        if kept and len(name) <= _MAX_TEXT:
            cleaned[name] = kept
    return cleaned
