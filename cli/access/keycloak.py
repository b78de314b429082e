"""An OpenID provider such as Keycloak: tokens for a client, for a person by device code, and by refresh token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from cli.address import USER_AGENT, safe_url
from cli.documents import document_of
from cli.errors import NoAnswer, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SECONDS = (10.0, 30.0)
_MOST_BYTES = 1 << 20
# RFC 8628 section 3.5: so many seconds longer after each `slow_down`.
_SLOWER = 5.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """``seconds`` is how long ``access`` holds. ``refresh`` may be empty."""

    access: str
    seconds: float
    refresh: str = ""


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """``address`` is where a person types ``user_code``; ``complete`` has it in it, or is empty. Times in seconds."""

    code: str
    user_code: str
    address: str
    complete: str
    interval: float
    seconds: float


class _GrantRefused(Refused):
    def __init__(self, error: str, said: str) -> None:
        super().__init__(said)
        self.error = error


class Provider:
    """``issuer`` is the realm's address, ``https://login.example/realms/partners``. Nothing is asked before it is needed."""

    def __init__(self, issuer: str, client_id: str, client_secret: str = "", *, plain_http: bool = False) -> None:
        self.issuer = safe_url(issuer, plain_http=plain_http)
        self._client = {"client_id": client_id, **({"client_secret": client_secret} if client_secret else {})}
        self._plain_http = plain_http
        self._endpoints: Mapping[str, Any] = {}

    def client_credentials(self) -> Tokens:
        """RFC 6749 section 4.4. Raises Refused, as all that follow do."""
        return self._tokens({"grant_type": "client_credentials"})

    def refresh(self, token: str) -> Tokens:
        """RFC 6749 section 6."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": token})

    def device_code(self) -> DeviceCode:
        """RFC 8628 section 3.2."""
        given = self._post(self._endpoint("device_authorization_endpoint"), {})
        return DeviceCode(
            code=str(given.get("device_code", "")),
            user_code=str(given.get("user_code", "")),
            address=str(given.get("verification_uri", "")),
            complete=str(given.get("verification_uri_complete", "")),
            interval=_number(given.get("interval"), 5.0),
            seconds=_number(given.get("expires_in"), 600.0),
        )

    def wait_for(self, code: DeviceCode, sleep: Callable[[float], None]) -> Tokens:
        """Until the person has agreed (RFC 8628 section 3.5)."""
        interval, waited = code.interval, 0.0
        while waited < code.seconds:
            sleep(interval)
            waited += interval
            try:
                return self._tokens({"grant_type": DEVICE_GRANT, "device_code": code.code})
            except _GrantRefused as exc:
                if exc.error == "slow_down":
                    interval += _SLOWER
                elif exc.error != "authorization_pending":
                    raise
        raise Refused("nobody agreed in time; the same command asks again")

    def revoke(self, refresh_token: str) -> None:
        """RFC 7009."""
        self._post(self._endpoint("revocation_endpoint"), {"token": refresh_token, "token_type_hint": "refresh_token"})

    def _tokens(self, form: Mapping[str, str]) -> Tokens:
        given = self._post(self._endpoint("token_endpoint"), form)
        access = given.get("access_token")
        if not isinstance(access, str) or not access:
            raise Refused(f"{self.issuer} answered without a token")
        return Tokens(access, _number(given.get("expires_in"), 60.0), str(given.get("refresh_token", "")))

    def _endpoint(self, name: str) -> str:
        """OpenID Connect Discovery section 4."""
        if not self._endpoints:
            self._endpoints = self._read(
                lambda: requests.get(
                    f"{self.issuer}/.well-known/openid-configuration",
                    timeout=_SECONDS,
                    allow_redirects=False,
                    stream=True,
                    headers={"User-Agent": USER_AGENT},
                )
            )
        endpoint = self._endpoints.get(name)
        if not isinstance(endpoint, str):
            raise Refused(
                f"{self.issuer} offers no {name.replace('_', ' ')}; ask your operator for another way to log in"
            )
        return safe_url(endpoint, plain_http=self._plain_http)

    def _post(self, endpoint: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        return self._read(
            lambda: requests.post(
                endpoint,
                data={**form, **self._client},
                timeout=_SECONDS,
                allow_redirects=False,
                stream=True,
                # A .netrc of the surroundings must not take the place of the client's own credentials.
                auth=lambda request: request,
                headers={"User-Agent": USER_AGENT},
            )
        )

    def _read(self, ask: Callable[[], requests.Response]) -> Mapping[str, Any]:
        try:
            with ask() as reply:
                document = document_of(reply, _MOST_BYTES)
        except requests.RequestException as exc:
            kind = Refused if isinstance(exc, requests.exceptions.SSLError) else NoAnswer
            raise kind(f"{self.issuer} could not be reached ({type(exc).__name__})") from exc
        if document is None:
            kind = NoAnswer if reply.status_code >= requests.codes.internal_server_error else Refused
            raise kind(
                f"{self.issuer} answered {reply.status_code} with something that is no JSON; is it the realm's address?"
            )
        if reply.status_code != requests.codes.ok:
            error = str(document.get("error", reply.status_code))
            raise _GrantRefused(error, f"{self.issuer} refused: {document.get('error_description') or error}")
        return document


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else otherwise
