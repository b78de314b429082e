from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, ClassVar

from gunicorn.http.body import Body, LengthReader

from gateway.serving.partial_head import PartialHead
from gateway.serving.reading import BodyReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.plain_head import PlainHead
    from gateway.serving.reading import ClientReader


class PlainRequest:
    """One whose head came as ``PlainHead``; in use, it is a ``ClientRequest``."""

    version: ClassVar = (1, 1)
    proxy_protocol_info: ClassVar = None

    def __init__(
        self,
        head: PlainHead,
        scheme: str,
        data: bytes,
        reader: ClientReader,
        *,
        body_seconds: float,
        is_last: Callable[[], bool],
    ) -> None:
        """``data`` begins with the head. What is beyond the body goes back to ``reader``."""
        self._began = time.perf_counter()
        self._closes, self._ask_whether_last = head.closes, is_last
        self._is_last: bool | None = None
        self.method, self.uri, self.fields, self.scheme = head.method, head.target, head.fields, scheme
        self.path, _, self.query = head.target.partition("?")
        whole = head.end + head.length
        self._incoming: BodyReader | None = None
        if len(data) >= whole:
            self.body: Body | io.BytesIO = io.BytesIO(data[head.end : whole])
            beyond = data[whole:]
        else:
            beyond = data[head.end :]
            self._incoming = BodyReader(LengthReader(reader, head.length), reader, body_seconds, is_expected=False)
            self.body = Body(self._incoming)
        if beyond:
            reader.unread(beyond)

    @property
    def owed(self) -> float:
        """Bytes of the body that may still come; infinite if unknown."""
        return 0 if self._incoming is None else self._incoming.owed

    def should_close(self) -> bool:
        # The answer's head asks first, and who reads the next request must be told the same (RFC 9112 section 9.3).
        if self._is_last is None:
            self._is_last = self._closes or self._ask_whether_last()
        return self._is_last or (self._incoming is not None and self._incoming.is_not_worth_skipping())

    def head_so_far(self) -> PartialHead:
        """For the refusal of this request."""
        return PartialHead(
            method=self.method,
            scheme=self.scheme,
            host=self.fields["HTTP_HOST"],
            request_id=self.fields.get("HTTP_X_REQUEST_ID", ""),
            began=self._began,
        )
