"""``actions login`` and ``actions logout``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.access.choosing import CLIENT_ID, CLIENT_SECRET, ISSUER, URL
from cli.access.credentials import Token
from cli.access.keycloak import Provider
from cli.access.profile import Profile, profile_said_again
from cli.address import safe_url
from cli.commands.setting import profile_option, profiles
from cli.connection import Connection
from cli.errors import ActionsError, NoAnswer, Refused, Usage
from cli.update import ask_limits

if TYPE_CHECKING:
    from cli.access.keycloak import Tokens


@click.command()
@click.argument("url", default="", metavar="URL")
@click.option(
    "--issuer",
    default="",
    metavar="URL",
    help="Your realm, such as https://login.example/realms/partners; else ACTIONS_ISSUER.",
)
@click.option("--client-id", default="", help="The client that your operator gave you; else ACTIONS_CLIENT_ID.")
@click.option(
    "--client-secret-file",
    type=click.Path(readable=False),
    default="",
    metavar="FILE",
    help="Its secret, for programs; else ACTIONS_CLIENT_SECRET.",
)
@click.option("--ask-secret", is_flag=True, help="Ask for the secret.")
@click.option("--keyring", is_flag=True, help="Keep secrets in the system's keyring instead of a file of yours.")
@click.option("--plain-http", is_flag=True, help="Allow http:// to other machines, where others can read the token.")
@profile_option
def login(
    *,
    url: str,
    issuer: str,
    client_id: str,
    client_secret_file: str,
    ask_secret: bool,
    keyring: bool,
    plain_http: bool,
    profile: str,
) -> int:
    """Log in at the gateway at URL, and keep how.

    With a secret it is a client's login. Without one you are shown an address and a code, and agree in a browser.
    """
    url = safe_url(_needed(url, URL, "URL"), plain_http=plain_http)
    issuer = _needed(issuer, ISSUER, "--issuer")
    client_id = _needed(client_id, CLIENT_ID, "--client-id")
    secret = _secret(client_secret_file, ask=ask_secret)
    provider = Provider(issuer, client_id, secret, plain_http=plain_http)
    tokens = provider.client_credentials() if secret else _agreed(provider)
    if not secret and not tokens.refresh:
        raise Usage(f"{issuer} gives no refresh token to {client_id}; ask your operator")
    saved = Profile(
        url=url,
        issuer=issuer,
        client_id=client_id,
        client_secret=secret,
        refresh_token="" if secret else tokens.refresh,
        plain_http=plain_http,
        keyring=keyring,
    )
    # Kept only once the gateway has taken it.
    connection = Connection(url, Token(tokens.access), plain_http=plain_http)
    limits = ask_limits(connection)
    path = profiles().save(profile, saved)
    click.echo(f"Logged in at {url} as {client_id}; kept in {path}.", err=True)
    click.echo(f"A request takes {limits.max_items:,} items; larger files are cut. Next: {_next(profile)}", err=True)
    return 0


@click.command()
@profile_option
def logout(*, profile: str) -> int:
    """End the login, and forget it."""
    kept = profiles()
    try:
        saved = kept.load(profile)
    except Usage as exc:
        click.echo(f"actions: {exc}; it is removed unread", err=True)
        saved = None
    if saved is not None and saved.refresh_token:
        try:
            Provider(saved.issuer, saved.client_id, saved.client_secret, plain_http=saved.plain_http).revoke(
                saved.refresh_token
            )
        except ActionsError as exc:
            click.echo(f"actions: {exc}; the login is forgotten here, and ends there by itself", err=True)
    kept.remove(profile)
    click.echo("Logged out." if saved is not None else f"Nobody was logged in as {profile}.", err=True)
    return 0


def _next(profile: str) -> str:
    return " ".join(["actions update FILE", *profile_said_again(profile)])


def _needed(given: str, variable: str, name: str) -> str:
    """Raises Usage."""
    found = given or os.environ.get(variable, "")
    if not found:
        raise Usage(f"{name} is missing (or {variable}); your operator tells it")
    return found


def _secret(file: str, *, ask: bool) -> str:
    """Empty where the login is a person's."""
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise Usage(f"{file}: {exc.strerror}") from exc
    if secret := os.environ.get(CLIENT_SECRET, ""):
        return secret
    if not ask:
        return ""
    if not sys.stdin.isatty():
        raise Usage(f"there is no terminal to ask on; set {CLIENT_SECRET}, or say --client-secret-file")
    return str(click.prompt("Client secret", hide_input=True, err=True))


def _agreed(provider: Provider) -> Tokens:
    try:
        code = provider.device_code()
    except NoAnswer:
        raise
    except Refused as exc:
        how = f"a program's client needs its secret too: {CLIENT_SECRET}, --client-secret-file or --ask-secret"
        raise Refused(f"{exc}; {how}") from exc
    click.echo(f"Open {code.complete or code.address}", err=True)
    click.echo(f"and confirm the code {code.user_code}. Waiting …", err=True)
    return provider.wait_for(code, time.sleep)
