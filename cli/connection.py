"""HTTP to the gateway: one session, one kind of answer, and no surprise of the surroundings."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from cli.access.token import subject_of
from cli.address import USER_AGENT, safe_url
from cli.documents import document_of
from cli.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cli.access.credentials import Credentials

ACTIONS = "/openapi/api/v1/actions"
LIMITS = "/openapi/api/v1/limits"
JOBS = "/openapi/api/v1/jobs"
SILENCE_SECONDS = 30.0
"""Three times the empty line that a stream of results sends when it has nothing to tell (``contract.md`` 1.6)."""
# Connecting, and waiting for the answer: the gateway works on a batch for 25 s unless its operator says otherwise.
_SECONDS = (10.0, 120.0)
_MOST_WAIT = 3600.0
_MOST_SAID = 1_000
_PIECE = 1 << 16
# A thousand actions with all their texts are less, and so is a line with one.
_MOST_BYTES = 1 << 27
_MOST_LINE = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``document`` is empty where the answer was no JSON object. ``status`` 0: there was no answer, and ``reason`` says why.

    ``retry_after`` is in seconds. ``is_untrusted``: there is none since the certificate is not trusted.
    """

    status: int
    document: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float | None = None
    reason: str = ""
    request_id: str = ""
    rate_policy: str = ""
    is_untrusted: bool = False

    @property
    def kind(self) -> str:
        """The last part of the problem's ``type``; empty for an answer that is not the gateway's."""
        return str(self.document.get("type", "")).rpartition("/")[2]

    @property
    def said(self) -> str:
        """In the answer's own words, for people."""
        words = (
            self.document.get("detail")
            or self.reason
            or f"an answer with status {self.status} that is not the gateway's"
        )
        text = f"{words} (request {self.request_id})" if self.request_id else str(words)
        # What a terminal would take for a command is no word of the gateway, and a page is no sentence.
        text = "".join(letter if letter.isprintable() else " " for letter in text)
        return text if len(text) <= _MOST_SAID else f"{text[:_MOST_SAID]}…"


@dataclass(frozen=True, slots=True)
class Stream:
    """``lines`` end where the connection broke off too. They are those of an ``answer`` with status 200."""

    answer: Answer
    lines: Iterator[bytes]
    close: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Connection:
    """``url`` is the gateway's address. Raises Usage for one that would show credentials to others.

    ``log_in`` says what to do where the credentials hold no more. ``reach`` are the options that lead another command
    to the same gateway as the same caller, as they are typed.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        plain_http: bool = False,
        log_in: str = "Log in again. Where that does not help, ask your operator.",
        reach: Sequence[str] = (),
    ) -> None:
        self.url = safe_url(url, plain_http=plain_http)
        self.log_in = log_in
        self.reach = reach
        self._credentials = credentials
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.headers["Accept"] = "application/json"

    def update(self, body: bytes, key: str = "", *, dry_run: bool = False) -> Answer:
        """Send a batch."""
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        return self._ask("PATCH", f"{ACTIONS}?dry_run=true" if dry_run else ACTIONS, body, headers)

    def limits(self) -> Answer:
        return self._ask("GET", LIMITS)

    def job(
        self, method: str, path: str = "", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request about jobs; ``path`` stands behind theirs. ``body`` is JSON."""
        sent = {**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})}
        return self._ask(method, JOBS + path, body, sent)

    def job_lines(self, path: str) -> Stream:
        """Lines of a job's results as they come. Close it."""
        try:
            reply = self._session.get(
                f"{self.url}{JOBS}{path}",
                auth=_Bearer(self._credentials.token()),
                timeout=(_SECONDS[0], SILENCE_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            answer = _read(reply) if reply.status_code != HTTPStatus.OK else Answer(status=HTTPStatus.OK)
            return Stream(answer, _lines_of(reply), reply.close)
        except requests.RequestException as exc:
            return Stream(_no_answer(exc, self.url), iter(()))

    def page(self, path: str) -> Answer:
        """A page that needs no credentials."""
        return self._ask("GET", path, authorized=False)

    def caller(self) -> str:
        """Who the token is of, as far as it tells. Raises Refused or Usage.

        Keys belong to a caller: under another, what has left could be applied twice.
        """
        return subject_of(self._credentials.token())

    def renew(self) -> bool:
        """Get other credentials; False where there are none. Raises Refused."""
        return self._credentials.renew()

    def close(self) -> None:
        self._session.close()

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        authorized: bool = True,
    ) -> Answer:
        # Given as `auth`, it wins over a .netrc. It is asked for outside of the try, since it may itself be refused.
        auth = _Bearer(self._credentials.token()) if authorized else _NoAuth()
        try:
            # A redirect would turn PATCH into GET, or take the token elsewhere.
            with self._session.request(
                method,
                self.url + path,
                data=body,
                headers=headers,
                auth=auth,
                timeout=_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as reply:
                return _read(reply)
        except requests.RequestException as exc:
            return _no_answer(exc, self.url)


def _read(reply: requests.Response) -> Answer:
    return Answer(
        status=reply.status_code,
        document=document_of(reply, _MOST_BYTES) or {},
        retry_after=_seconds(reply.headers.get("Retry-After", "")),
        request_id=reply.headers.get("X-Request-ID", ""),
        rate_policy=reply.headers.get("RateLimit-Policy", ""),
    )


def _lines_of(reply: requests.Response) -> Iterator[bytes]:
    # iter_lines would hold each line back until the next piece, and splits at more than line ends.
    rest = b""
    try:
        for piece in _pieces(reply):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > _MOST_LINE:
                raise Refused(f"the gateway's results have a line of more than {_MOST_LINE >> 20} MiB")
    except (requests.RequestException, HTTPError):
        # What was read is whole; that there is more is told by the missing last line.
        return


def _pieces(reply: requests.Response) -> Iterator[bytes]:
    """As they come."""
    if getattr(reply.raw, "chunked", False):
        yield from reply.iter_content(None)
        return
    # A proxy took the chunks away: iter_content would hold all of it until the connection ends.
    while piece := reply.raw.read1(_PIECE, decode_content=True):
        yield piece


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _NoAuth(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _seconds(text: str) -> float | None:
    """Whole seconds; a date is not what the gateway sends."""
    return min(float(text), _MOST_WAIT) if text.isascii() and text.isdigit() else None


def _no_answer(error: requests.RequestException, url: str) -> Answer:
    is_untrusted = isinstance(error, requests.exceptions.SSLError)
    return Answer(status=0, reason=_why(error, url), is_untrusted=is_untrusted)


def _why(error: requests.RequestException, url: str) -> str:
    """Without the library's own words, which repeat addresses and objects."""
    host = urlsplit(url).netloc
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} is not trusted; REQUESTS_CA_BUNDLE names a file of others"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy to {host} refused"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"{host} did not answer within {_SECONDS[0]:g} s"
    if isinstance(error, requests.exceptions.Timeout):
        return f"{host} did not answer within {_SECONDS[1]:g} s"
    return f"no connection to {host}, or it broke off"
