"""Which address and which credentials: what is asked for, else the environment, else the profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from cli.access.credentials import Credentials, RefreshToken, Renewing, Token, TokenFile, client_credentials
from cli.access.keycloak import Provider
from cli.access.profile import DEFAULT, profile_said_again
from cli.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.access.profile import Profile, Profiles

URL, TOKEN = "ACTIONS_URL", "ACTIONS_TOKEN"
ISSUER, CLIENT_ID, CLIENT_SECRET = "ACTIONS_ISSUER", "ACTIONS_CLIENT_ID", "ACTIONS_CLIENT_SECRET"
VARIABLES = (URL, TOKEN, ISSUER, CLIENT_ID, CLIENT_SECRET)
"""The environment of the command, beside its two folders."""

_ELSE = "Where that does not help, ask your operator."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the flags say; empty: nothing."""

    url: str = ""
    token_file: str = ""
    profile: str = DEFAULT
    plain_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    url: str
    credentials: Credentials
    plain_http: bool
    log_in: str


def choose(asked: Asked, environ: Mapping[str, str], profiles: Profiles) -> Access:
    """Raises Usage, which says what is missing."""
    given = _given(asked, environ)
    url = asked.url or environ.get(URL, "")
    # With all of it in hand, no profile is looked at: a container has no home.
    profile = None if given is not None and url else profiles.load(asked.profile)
    plain_http = asked.plain_http or (profile is not None and profile.plain_http)
    url = url or (profile.url if profile else "")
    log_in = " ".join(["actions login", *profile_said_again(asked.profile)])
    if not url:
        raise Usage(f"which gateway? Run {log_in}, or set {URL}, or say --url")
    if given is None and profile is not None:
        given = of_profile(profile, asked.profile, profiles)
    if given is None:
        raise Usage(f"nobody is logged in: run {log_in}, or set {TOKEN}, or say --token-file")
    return Access(url=url, credentials=given, plain_http=plain_http, log_in=_log_in(asked, environ, profile))


def _log_in(asked: Asked, environ: Mapping[str, str], profile: Profile | None) -> str:
    """What to do where the credentials hold no more; they are chosen in this order."""
    if asked.token_file:
        return f"Put a new token into {asked.token_file}. {_ELSE}"
    if environ.get(TOKEN, ""):
        return f"Set {TOKEN} to a new token. {_ELSE}"
    if profile is None or _given(asked, environ) is not None:
        return f"Look at {ISSUER}, {CLIENT_ID} and {CLIENT_SECRET}. {_ELSE}"
    options = [f"--issuer={quote(profile.issuer)}", f"--client-id={quote(profile.client_id)}"]
    options += ["--ask-secret"] if profile.client_secret else []
    options += ["--keyring"] if profile.keyring else []
    options += ["--plain-http"] if profile.plain_http else []
    words = ["actions login", quote(profile.url), *options, *profile_said_again(asked.profile)]
    return f"{' '.join(words)} logs in again. {_ELSE}"


def _given(asked: Asked, environ: Mapping[str, str]) -> Credentials | None:
    if asked.token_file:
        return TokenFile(Path(asked.token_file))
    if token := environ.get(TOKEN, ""):
        return Token(token)
    names = (ISSUER, CLIENT_ID, CLIENT_SECRET)
    issuer, client_id, secret = (environ.get(name, "") for name in names)
    if issuer and client_id and secret:
        return client_credentials(Provider(issuer, client_id, secret, plain_http=asked.plain_http))
    return None


def of_profile(profile: Profile, name: str, profiles: Profiles) -> Credentials:
    provider = Provider(profile.issuer, profile.client_id, profile.client_secret, plain_http=profile.plain_http)
    if not profile.refresh_token:
        return client_credentials(provider)
    return Renewing(
        RefreshToken(
            provider, profile.refresh_token, lambda token: _keep(profiles, name, replace(profile, refresh_token=token))
        )
    )


def _keep(profiles: Profiles, name: str, profile: Profile) -> None:
    profiles.save(name, profile)
