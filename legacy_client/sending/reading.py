"""What an answer of the core means (``contract.md`` section 3). Anything else is a BadAnswer."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from legacy_client.errors import BadAnswer, Busy, CoreError, Locked, Rejected, SaidNo, ServerFailed
from legacy_client.operations import is_uuid
from legacy_client.sending.documents import UNREADABLE, as_written, document_in
from legacy_client.sending.shape import AnswerShape, getter, put_at, taker
from legacy_client.sending.texts import MAX_TEXT, in_utf8, plain
from legacy_client.sending.waits import retry_after, wait_in_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from requests import Response

Answer = dict[str, object]

USUAL = AnswerShape()
"""That of contract section 3."""
_MAX_FIELDS = 64
_MAX_MESSAGES = 16


class AnswerReader:
    def __init__(
        self,
        *,
        atomic_errors: bool,
        max_answer_bytes: int,
        misread: Callable[[str], None],
        shape: AnswerShape = USUAL,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """``misread`` gets what a 2xx was instead of a success: ``bad_answer``, ``busy`` or ``5xx``."""
        self._shape, self._ok, self._empty, self._ok_at = shape, shape.ok | shape.empty, shape.empty, shape.ok_at
        self._item_in, self._id_in = taker(shape.item_at), taker(shape.id_at)
        self._atomic_errors = atomic_errors
        self._max_bytes = max_answer_bytes
        self._misread = misread
        self._wall_clock = wall_clock

    def read(self, response: Response, expected_id: int | str) -> Answer | CoreError:
        """The item of the core, ``{}`` where it sent none, or an error.

        An answer whose ``id`` is not ``expected_id`` is a BadAnswer.
        """
        status = response.status_code
        if status not in self._ok:
            return self._failure(response, status)
        body = response.content
        if status in self._empty or not body:
            return self._without_item(response, body) if body and self._ok_at else {}
        if len(body) > self._max_bytes:
            return self._unreadable("too large")
        content_type = response.headers.get("Content-Type")
        if not is_json(content_type):
            return self._unreadable("unexpected content type")
        return self._data(response, body, content_type, expected_id)

    def _without_item(self, response: Response, body: bytes) -> Answer | CoreError:
        """Of a status that needs no body, and has one. Where that says neither yes nor no, the status counts."""
        if len(body) > self._max_bytes:
            return self._unreadable("too large")
        content_type = response.headers.get("Content-Type")
        kind = self._shape.refusal_in(_document(body, content_type))
        if kind is None or issubclass(kind, BadAnswer):
            return {}
        return self._said_no(kind, response, body, content_type)

    def _data(
        self, response: Response, body: bytes, content_type: str | None, expected_id: int | str
    ) -> Answer | CoreError:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            try:
                document = document_in(body, content_type)
            except ValueError:
                return self._unreadable("not JSON")
        if self._ok_at and (kind := self._shape.refusal_in(document)) is not None:
            return self._said_no(kind, response, body, content_type)
        try:
            data = self._item_in(document)
            found = self._id_in(data)
        except (LookupError, TypeError):
            return self._unreadable("no data object, or no id in it")
        if type(data) is not dict:
            return self._unreadable("no data object")
        # True equals 1 and 1.0 equals 1, so the type is part of the comparison.
        if found != expected_id or type(found) is not type(expected_id):
            if not self._is_spelt_otherwise(found, expected_id, body, content_type):
                return self._unreadable("about another id")
            put_at(data, self._shape.id_at, expected_id)
        return data

    def _unreadable(self, reason: str) -> BadAnswer:
        self._misread("bad_answer")
        return BadAnswer(reason)

    def _failure(self, response: Response, status: int) -> CoreError:
        kind = self._coded(response, status) or self._shape.meaning(status)
        if issubclass(kind, SaidNo):
            body = response.content[: self._max_bytes]
            return self._refusal(kind, response, body, response.headers.get("Content-Type"))
        if issubclass(kind, ServerFailed):
            return kind(status, atomic=self._atomic_errors)
        if 200 <= status < 300:
            return self._unreadable(f"status {status}")
        return BadAnswer(f"status {status}")

    def _coded(self, response: Response, status: int) -> type[CoreError] | None:
        """What a 4xx or 5xx says by its code, if the map has a row for it."""
        if not self._shape.codes or status < 400:
            return None
        return self._shape.coded_in(
            _document(response.content[: self._max_bytes], response.headers.get("Content-Type"))
        )

    def _said_no(self, kind: type[CoreError], response: Response, body: bytes, content_type: str | None) -> CoreError:
        """In a 2xx."""
        if issubclass(kind, SaidNo):
            if is_overload(kind):
                self._misread("busy")
            return self._refusal(kind, response, body, content_type)
        if issubclass(kind, BadAnswer):
            return self._unreadable("neither a success nor a refusal")
        self._misread("5xx")
        return ServerFailed(response.status_code, atomic=self._atomic_errors)

    def _refusal(self, kind: type[SaidNo], response: Response, body: bytes, content_type: str | None) -> SaidNo:
        status = response.status_code
        if issubclass(kind, Busy):
            return kind(status, retry_after=self._wait(response, body, content_type))
        return refusal(status, body, content_type, kind=kind, shape=self._shape)

    def _wait(self, response: Response, body: bytes, content_type: str | None) -> float | None:
        """The seconds until the core can be asked again, at most a day; None where it does not say."""
        shape = self._shape
        told = getter(shape.wait_at)(_document(body, content_type)) if shape.wait_at else None
        in_body = wait_in_body(told, self._wall_clock)
        return (
            in_body if in_body is not None else retry_after(response.headers.get(shape.wait_header), self._wall_clock)
        )

    def _is_spelt_otherwise(self, found: object, expected_id: int | str, body: bytes, content_type: str | None) -> bool:
        """Whether ``found`` is the same id in other case, in digits, as ``7.0``, or beyond 64 bits."""
        if type(found) is str:
            if type(expected_id) is str:
                # Of other texts, those in other case may be of another item.
                return is_uuid(expected_id) and found.lower() == expected_id.lower()
            return found.lstrip("0") == str(expected_id)
        if type(expected_id) is not int:
            return False
        # Beyond it, a float may stand for several integers (RFC 8259 section 6).
        if type(found) is float and abs(found) < 2**53:
            return found == expected_id
        return (type(found) is float or found is UNREADABLE) and self._exact_id(body, content_type) == expected_id

    def _exact_id(self, body: bytes, content_type: str | None) -> int | None:
        try:
            found = self._id_in(self._item_in(as_written(body, content_type)))
        except (ValueError, LookupError, TypeError):
            return None
        return found if type(found) is int else None


def is_overload(kind: type[CoreError]) -> bool:
    return issubclass(kind, Busy) and not issubclass(kind, Locked)


def is_readable(response: Response, shape: AnswerShape = USUAL) -> bool:
    """Whether a 2xx has the form of an answer, and does not say that the core is busy or has failed."""
    body, content_type = response.content, response.headers.get("Content-Type")
    status = response.status_code
    if not body or (status in shape.empty and not shape.ok_at):
        return True
    if status not in shape.ok | shape.empty:
        return False
    document = _document(body, content_type)
    kind = shape.refusal_in(document)
    if status in shape.empty and (kind is None or issubclass(kind, BadAnswer)):
        return True
    if kind is not None:
        return is_json(content_type) and issubclass(kind, SaidNo) and not is_overload(kind)
    return is_json(content_type) and type(getter(shape.item_at)(document)) is dict


def is_json(content_type: str | None) -> bool:
    """A missing or empty type counts as JSON."""
    if content_type is None or content_type == "application/json":
        return True
    # A header that came more than once is one list (RFC 9110 section 5.3). The body shows whether it is JSON.
    types = [each for each in content_type.split(",") if each.strip()]
    return not types or any(map(_is_json_type, types))


def _is_json_type(media_type: str) -> bool:
    essence = media_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def refusal(
    status: int,
    body: bytes,
    content_type: str | None = None,
    *,
    kind: type[SaidNo] = Rejected,
    shape: AnswerShape = USUAL,
) -> SaidNo:
    document = _document(body, content_type)
    message = getter(shape.message_at)(document)
    return kind(
        status,
        message=plain(message) if type(message) is str else "",
        errors=_messages(shape.errors_in(document)),
    )


def _document(body: bytes, content_type: str | None) -> Answer:
    """The object in a body, whose texts may be broken; ``{}`` where there is none."""
    for text in (body, in_utf8(body, content_type)):
        with suppress(orjson.JSONDecodeError):
            return _as_object(orjson.loads(text))
    with suppress(ValueError):
        return _as_object(as_written(body, content_type))
    return {}


def _as_object(document: object) -> Answer:
    return document if type(document) is dict else {}


def _messages(errors: Iterable[tuple[str, object]]) -> dict[str, list[str]]:
    cleaned: dict[str, list[str]] = {}
    for name, texts in islice(errors, _MAX_FIELDS):
        listed = texts if type(texts) is list else [texts]
        kept = [plain(text) for text in listed[:_MAX_MESSAGES] if type(text) is str]
        if kept and len(name) <= MAX_TEXT:
            told = cleaned.setdefault(plain(name), [])
            told += kept[: _MAX_MESSAGES - len(told)]
    return cleaned
