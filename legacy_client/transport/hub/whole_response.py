from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from http.client import responses
from typing import TYPE_CHECKING

from requests import Response
from requests.cookies import RequestsCookieJar
from requests.utils import get_encoding_from_headers

if TYPE_CHECKING:
    from requests import PreparedRequest

    from legacy_client.transport.hub.headers import ResponseHeaders


class WholeResponse(Response):
    """What the hot path does not read is made on demand."""

    # Asked for once for each answer; the base class would look whether it has been read.
    content: bytes = b""
    _content_consumed = True
    _next = None
    raw = None
    elapsed = timedelta(0)

    def __init__(self, request: PreparedRequest, status: int, headers: ResponseHeaders, content: bytes) -> None:
        # The base class's attributes that are missing here are class attributes above or properties below.
        self.request = request
        self.status_code = status
        self.headers = headers
        self.content = self._content = content

    @cached_property
    def url(self) -> str:  # type: ignore[override]  # can be read and set like the attribute
        return self.request.url or ""

    @cached_property
    def reason(self) -> str:  # type: ignore[override]  # can be read and set like the attribute
        return responses.get(self.status_code, "")

    @cached_property
    def encoding(self) -> str | None:  # type: ignore[override]  # can be read and set like the attribute
        return get_encoding_from_headers(self.headers)

    @cached_property
    def cookies(self) -> RequestsCookieJar:  # type: ignore[override]  # can be read and set like the attribute
        return RequestsCookieJar()

    @cached_property
    def history(self) -> list[Response]:  # type: ignore[override]  # can be read and set like the attribute
        return []
