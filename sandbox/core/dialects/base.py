"""What a dialect is, and the fields of an action in one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson

from sandbox.core.errors import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sandbox.server.messages import Answer, Request


class Dialect(Protocol):
    def understood(self, request: Request) -> Request:
        """The call in the core's own words. Raises Refusal."""
        ...

    def spoken(self, answer: Answer) -> Answer:
        """The core's answer in those of the dialect. What is none of the core's stays as it is."""
        ...


class Own:
    """No dialect."""

    def understood(self, request: Request) -> Request:
        return request

    def spoken(self, answer: Answer) -> Answer:
        return answer


class Field(NamedTuple):
    """``there`` takes the core's own value. ``back`` raises LookupError, TypeError or ValueError for what is none."""

    own: str
    path: str
    there: Callable[[Any], object]
    back: Callable[[Any], object]


def same(value: object) -> object:
    return value


def texts(path: str) -> list[Field]:
    """``path`` has ``{name}`` and ``{language}``."""
    return [
        Field(f"{name}_{language}", path.format(name=name, language=language), same, same)
        for name in ("title", "subtitle", "details")
        for language in ("en", "fr")
    ]


class Fields:
    """Null is null on both sides."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._by_own = {field.own: field for field in fields}
        self._by_path = {field.path: field for field in fields}

    def own(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Raises Refusal. What is not known keeps its path, which the core refuses."""
        found, errors = dict[str, object](), dict[str, list[str]]()
        for path, value in self._leaves("", body):
            field = self._by_path.get(path)
            try:
                found[field.own if field else path] = value if field is None or value is None else field.back(value)
            except (LookupError, TypeError, ValueError):
                errors[field.own if field else path] = ["Cannot be read."]
        if errors:
            raise refuse(422, errors=errors)
        return found

    def there(self, row: Mapping[str, Any]) -> dict[str, object]:
        spoken: dict[str, object] = {}
        for own, value in row.items():
            if field := self._by_own.get(own):
                level: Any = spoken
                *above, last = field.path.split(".")
                for name in above:
                    level = level.setdefault(name, {})
                level[last] = None if value is None else field.there(value)
        return spoken

    def names(self, errors: Mapping[str, object]) -> dict[str, object]:
        return {self._by_own[own].path if own in self._by_own else own: texts for own, texts in errors.items()}

    def _leaves(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if path in self._by_path or type(value) is not dict:
            yield path, value
            return
        for name, inner in value.items():
            yield from self._leaves(f"{path}.{name}" if path else name, inner)


def document_of(answer: Answer) -> dict[str, Any]:
    """The object in an answer of the core, empty where a fault has left none."""
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return document if type(document) is dict else {}


def with_body(answer: Answer, document: object, status: int | None = None) -> Answer:
    return replace(answer, status=status or answer.status, body=orjson.dumps(document))


def body_of(request: Request) -> dict[str, Any]:
    """Raises Refusal."""
    try:
        body = request.json()
    except ValueError as exc:
        raise refuse(400) from exc
    if type(body) is not dict:
        raise refuse(400, "The body must be an object.")
    return body
