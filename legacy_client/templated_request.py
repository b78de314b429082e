from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Mapping


class Template(Protocol):
    """What all calls share. ``url`` is without their path."""

    @property
    def method(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class TemplatedRequest(PreparedRequest):
    """``parts`` are its head and body in bytes.

    They are None once somebody has asked for ``headers``, which may be changed.
    """

    _body_position = None
    _cookies = None

    def __init__(self, template: Template, path: str, body: bytes, own: Mapping[str, str], head: bytes) -> None:
        # The other attributes of the base class are the properties below.
        self.method = template.method
        self.body = body
        self.parts: tuple[bytes, bytes] | None = (head, body)
        self._template = template
        self._path = path
        self._own = own

    @cached_property
    def url(self) -> str:  # type: ignore[override]  # a cached property can be read and set like the attribute
        return self._template.url + self._path

    @cached_property
    def headers(self) -> CaseInsensitiveDict[str | bytes]:  # type: ignore[override]  # a cached property can be read and set like the attribute
        """All but ``Host``, which each adapter adds."""
        self.parts = None
        headers: dict[str, str | bytes] = {**self._template.headers, **self._own}
        return CaseInsensitiveDict({**headers, "Content-Length": str(len(self.body or b""))})

    @cached_property
    def hooks(self) -> dict[str, list[Any]]:
        return {"response": []}
