"""python-keycloak, used safely. Its clients are made and called only here.

A client has one purpose: ``token()`` and ``userinfo()`` change headers of the whole client.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keycloak import KeycloakOpenID
from keycloak.connection import ConnectionManager
from keycloak.exceptions import KeycloakGetError, raise_error_from_response
from keycloak.urls_patterns import URL_REALM
from requests.adapters import DEFAULT_POOLSIZE, HTTPAdapter
from requests.exceptions import ProxyError

from gateway.auth.errors import SourceFailed
from legacy_client.transport.reasons import causes, reason_of, telling_cause

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from requests import Response

MAX_ANSWER_BYTES = 262_144
# http.client's words.
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")
# RFC 6749 section 5.2: no later try helps.
REFUSALS = (
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """``timeout`` bounds one call, in seconds. Environment variables do not count.

    ``contexts`` gives the TLS context of the next call. ``proxy`` is a forward proxy's URL, or empty.
    """

    url: str
    timeout: float
    contexts: Callable[[], SSLContext]
    proxy: str

    def client(self, realm: str, *, client_id: str = "", secret: str = "") -> KeycloakOpenID:
        # urljoin drops the last path part of a base without the trailing slash.
        base_url = self.url.rstrip("/") + "/"
        context = self.contexts()
        # Given a context, the library does not read all CAs for connections that nobody makes.
        client = KeycloakOpenID(base_url, realm, client_id, secret, verify=context, max_retries=0)  # type: ignore[arg-type]  # annotated as str; httpx takes a context
        client.connection = _Connection(self, base_url, context)
        return client


def ask(call: Callable[[], Any]) -> dict[str, Any]:
    """Raises SourceFailed."""
    try:
        answer = call()
    # The library's errors have no common base.
    except Exception as exc:
        raise SourceFailed(_reason(exc), refusal=_refusal(exc)) from exc
    if not isinstance(answer, dict):
        raise SourceFailed("not a JSON object")
    return answer


def answer_date(client: KeycloakOpenID) -> str:
    """The Date of an answer (RFC 9110 section 6.6.1), or empty. Raises SourceFailed."""
    path = URL_REALM.format(**{"realm-name": client.realm_name})
    try:
        text = client.connection.raw_get(path).headers.get("Date", "")
    # As in ``ask``.
    except Exception as exc:
        raise SourceFailed(_reason(exc)) from exc
    return str(text)


def not_before(client: KeycloakOpenID) -> int:
    """Unix seconds; 0: none. Raises SourceFailed."""
    path = URL_REALM.format(**{"realm-name": client.realm_name})
    page = ask(lambda: raise_error_from_response(client.connection.raw_get(path), KeycloakGetError))
    value = page.get("tokens-not-before", 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SourceFailed("not-before is no number")
    return value


def _refusal(exc: Exception) -> str:
    """The token endpoint's error code for our client (RFC 6749 section 5.2)."""
    if getattr(exc, "response_code", None) not in (400, 401):
        return ""
    try:
        code = json.loads(getattr(exc, "response_body", None) or b"")["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return code if code in REFUSALS else ""


def _reason(exc: Exception) -> str:
    status, cause = getattr(exc, "response_code", None), exc.__cause__ or exc
    if status:
        return " ".join(filter(None, (f"status {status}", _refusal(exc))))
    if isinstance(cause, SourceFailed):
        return cause.reason
    telling = telling_cause(exc)
    reason = reason_of(telling) if telling else type(cause).__name__
    return ", ".join(filter(None, (_by_proxy(exc) or reason, _address(cause))))


def _by_proxy(exc: Exception) -> str:
    """Empty where nothing went wrong with the forward proxy."""
    if not any(isinstance(cause, ProxyError) for cause in causes(exc)):
        return ""
    telling = telling_cause(exc)
    refused = next(filter(None, map(_TUNNEL.match, map(str, causes(exc)))), None)
    return f"the proxy: {f'status {refused[1]}' if refused else reason_of(telling) if telling else 'no connection'}"


def _address(exc: BaseException) -> str:
    url = urlsplit(getattr(getattr(exc, "request", None), "url", None) or "")
    port = url.port or (443 if url.scheme == "https" else 80)
    return f"{url.netloc.rpartition('@')[2].removesuffix(f':{port}')}:{port}" if url.hostname else ""


class _Trusting(HTTPAdapter):
    """Trusts the present TLS context, not the CA bundle of requests."""

    def __init__(self, contexts: Callable[[], SSLContext]) -> None:
        self._contexts = contexts
        self._context = contexts()
        super().__init__(max_retries=0)

    def send(self, *arguments: Any, **options: Any) -> Response:
        # New pools where the TLS files were replaced.
        context = self._contexts()
        if context is not self._context:
            self._context = context
            self.close()
            self.proxy_manager.clear()
            self.init_poolmanager(DEFAULT_POOLSIZE, DEFAULT_POOLSIZE)
        return super().send(*arguments, **options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, **options, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:
        # The context verifies. requests would add its own bundle of CAs to it.
        ...


class _Connection(ConnectionManager):
    """Allows no redirect and no cookie. Bounds an answer's bytes and seconds."""

    def __init__(self, server: Server, base_url: str, context: SSLContext) -> None:
        """``context`` is for the asynchronous client, which is not used: ``server`` has that of each call."""
        proxies = {"http": server.proxy, "https": server.proxy} if server.proxy else None
        super().__init__(base_url, timeout=server.timeout, verify=context, max_retries=0)  # type: ignore[arg-type]  # annotated as int and str; the libraries take a float and a context
        self.verify = True
        for scheme in ("https://", "http://"):
            self._s.mount(scheme, _Trusting(server.contexts))
        self._s.trust_env = False
        self._s.proxies.update(proxies or {})
        self._s.stream = True
        self._s.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._s.hooks["response"].append(self._bound)

    def _bound(self, response: Any, **_: Any) -> None:
        # requests calls this before it follows a redirect.
        if response.is_redirect:
            response.close()
            raise SourceFailed("redirect")
        # The timeout of requests begins anew with each read. A slow sender would never meet it.
        ends, body = time.monotonic() + float(self.timeout or 0), bytearray()
        while chunk := response.raw.read1(16_384, decode_content=True):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES or time.monotonic() > ends:
                response.close()
                raise SourceFailed("answer too long or too slow")
        response.raw = BytesIO(bytes(body))
