"""What a request offers to show who sends it, parsed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    Header = Callable[[str], str | None]


class Credentials(NamedTuple):
    """``authorization`` is the header's value; None without one.

    ``bearer`` is the token in it (RFC 6750 section 2.1), empty for another scheme.
    ``certificate`` is the client's, in PEM, if the server gives it.
    ``method``, ``path`` and ``query`` are the request's, for a signature over them. The path is the service's own,
    the query as it was sent. The body is not here: it is read after the caller is known.
    """

    header: Header
    authorization: str | None
    bearer: str
    certificate: str
    method: str
    path: str
    query: str

    @classmethod
    def of(cls, header: Header, *, certificate: str = "", method: str = "", path: str = "", query: str = "") -> Self:
        # The server joins repeated fields by commas (RFC 9110 section 5.3). So one look-up reads them all.
        value = header("Authorization")
        # Only the scheme is case-insensitive.
        scheme, _, token = (value or "").partition(" ")
        bearer = token.strip(" ") if scheme.lower() == "bearer" else ""
        return cls(header, value, bearer, certificate, method, path, query)

    def __repr__(self) -> str:
        """Without what may hold a secret, a token in the query too."""
        return f"Credentials(method={self.method!r}, path={self.path!r})"
