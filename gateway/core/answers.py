"""What an answer of the core means by a map: ``python -m gateway.core map --answer``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.resources.answer_map import read_answers, word_for
from legacy_client.errors import BadAnswer, SaidNo
from legacy_client.sending.reading import AnswerReader
from legacy_client.transport.memory import answer

if TYPE_CHECKING:
    from gateway.resources.resource import Resource
    from legacy_client.errors import CoreError

_MOST_BYTES = 1_048_576


def meaning(text: str, resource: Resource, item_id: str, status: int, body: bytes) -> dict[str, Any]:
    """As the answer to a call for ``item_id``. Raises CoreMapError, and InvalidDocument for what is no id."""
    [item] = resource.items({"data": [{**resource.example.sent[0], resource.id_name: item_id}]})
    call = resource.call(item)
    reader = AnswerReader(
        atomic_errors=False, max_answer_bytes=_MOST_BYTES, misread=lambda _name: None, shape=read_answers(text)
    )
    result = reader.read(answer(status, body), resource.operation.expected_id(call))
    if isinstance(result, dict):
        return {"means": "updated", "public": resource.shown(call, result) if result else "what was sent"}
    return _failure(result, resource)


def _failure(error: CoreError, resource: Resource) -> dict[str, Any]:
    told: dict[str, Any] = {"means": _word(error), "may_have_been_applied": error.may_have_been_applied}
    if isinstance(error, SaidNo):
        errors = resource.translation.errors_to_public(error.errors)
        return {**told, "message": error.message, "errors": errors}
    return {**told, "reason": error.reason}


def _word(error: CoreError) -> str:
    return "unreadable" if isinstance(error, BadAnswer) else word_for(error)
