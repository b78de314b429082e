"""Each Keycloak client has one purpose."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.auth.api_keys.api_key_authenticator import ApiKeyAuthenticator
from gateway.auth.api_keys.file import FileKeys
from gateway.auth.api_keys.sqlite import FILE_NAME, SqliteKeys
from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.claims import ClaimRules
from gateway.auth.keycloak.client import Server, ask
from gateway.auth.keycloak.introspection import Introspection
from gateway.auth.keycloak.key_store import KeyLife, KeyStore
from gateway.auth.keycloak.realm_source import RealmSource
from gateway.auth.keycloak.token_authenticator import KeycloakAuthenticator
from gateway.auth.keycloak.token_principal import PrincipalRules
from gateway.auth.keycloak.verifier import Realm, TokenVerifier
from gateway.partners.directory import Partners
from gateway.settings import SettingsError, variable
from gateway.settings.proxies import proxy_for
from gateway.settings.secrets import secret_now
from gateway.wiring.core_token import CoreToken
from legacy_client.transport.base import Tls
from legacy_client.transport.tls import watched_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from keycloak import KeycloakOpenID

    from gateway.settings.access import AccessSettings
    from gateway.settings.core import CoreSettings
    from gateway.settings.stores import StoreSettings
# Verified tokens kept until they expire: at most some ten megabytes.
_TOKENS = 10_000


class Access:
    """The authenticators, in the order of asking, and their keys.

    Nothing is fetched before ``start``.
    """

    def __init__(self, settings: AccessSettings, records: FileKeys | SqliteKeys) -> None:
        self._settings = settings
        self._server = keycloak_server(settings)
        self._algorithms = frozenset(settings.jwt_algorithms)
        self._realms = self._make_realms()
        self._asked = self._introspection() if settings.introspection else None
        self._records = records
        self.authenticators = (ApiKeyAuthenticator(self._records), self._keycloak())

    def start(self) -> None:
        """Returns at once. Call it after any fork."""
        for realm in self._realms:
            realm.keys.start()

    def close(self) -> None:
        for realm in self._realms:
            realm.keys.close()

    def check(self) -> dict[str, Any]:
        """Ready when the tokens of every realm can be verified. Nothing else counts."""
        missing = {realm.name: problem.reason for realm in self._realms if (problem := realm.keys.ping())}
        failing = {realm.name: reason for realm in self._realms if (reason := realm.keys.problem())}
        refused = self._asked.refusals() if self._asked else {}
        details = {"reasons": missing, "refresh": failing, "introspection": refused}
        return {"ready": not missing, **{name: found for name, found in details.items() if found}}

    def api_keys_problem(self) -> str:
        """Why API keys cannot be looked up, or empty."""
        return self._records.problem()

    def keys_file_problem(self) -> str:
        """Why the present file is not in force, or empty."""
        return self._records.problem() if isinstance(self._records, FileKeys) else ""

    def keys_age(self) -> float:
        """Seconds since the oldest realm's last fetch; infinite where one never succeeded."""
        return max(realm.keys.age_seconds() for realm in self._realms)

    def core_token(self, core: CoreSettings) -> CoreToken:
        """Tokens for ``CORE_AUTH=client_credentials``, from the first realm."""
        client = self._server.client(self._settings.keycloak_realm[0], client_id=core.core_client_id)
        return CoreToken(client, partial(secret_now, core.core_client_secret))

    def _make_realms(self) -> tuple[Realm, ...]:
        settings = self._settings
        life = KeyLife(ttl=settings.keys_ttl, max_stale=settings.keys_max_stale, cooldown=settings.keys_cooldown)
        issuers = settings.keycloak_issuer or ("",) * len(settings.keycloak_realm)
        return tuple(
            self._realm(name, issuer, life) for name, issuer in zip(settings.keycloak_realm, issuers, strict=True)
        )

    def _realm(self, name: str, issuer: str, life: KeyLife) -> Realm:
        source = RealmSource(self._server.client(name), self._algorithms, asks_issuer=not issuer)
        usual = f"{self._settings.keycloak_url}/realms/{quote(name)}"
        return Realm(name, issuer, KeyStore(name, source, life), usual)

    def _keycloak(self) -> KeycloakAuthenticator:
        settings = self._settings
        rules = ClaimRules(
            audience=settings.keycloak_audience,
            leeway=settings.jwt_leeway,
            max_lifetime=settings.jwt_max_lifetime,
            type=settings.jwt_type,
            authorized_parties=frozenset(settings.jwt_authorized_parties),
        )
        return KeycloakAuthenticator(
            TokenVerifier(self._realms, rules, self._algorithms),
            PrincipalRules(audience=settings.keycloak_audience, partner_claim=settings.partner_claim),
            cache_size=_TOKENS,
            introspection=self._asked,
        )

    def _introspection(self) -> Introspection:
        settings = self._settings
        clients = {
            realm.name: self._server.client(realm.name, client_id=settings.introspection_client_id)
            for realm in self._realms
        }
        secret = partial(secret_now, settings.introspection_client_secret)
        return Introspection(
            {name: partial(_introspect, client, secret) for name, client in clients.items()},
            ttl=settings.introspection_ttl,
            fail_open=settings.introspection_fail_open,
        )


def keycloak_server(settings: AccessSettings) -> Server:
    return Server(
        url=settings.keycloak_url,
        timeout=settings.keycloak_timeout,
        contexts=watched_context(Tls(ca_file=settings.keycloak_ca_file)),
        proxy=proxy_for(settings.keycloak_proxy, settings.keycloak_url),
    )


def _introspect(client: KeycloakOpenID, secret: Callable[[], str], token: str) -> dict[str, Any]:
    client.client_secret_key = secret()
    return ask(partial(client.introspect, token))


def partners(settings: AccessSettings) -> Partners | None:
    """None where the operator names none. Raises SettingsError for an unusable file."""
    if not settings.partners_file:
        return None
    try:
        return Partners(Path(settings.partners_file))
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{variable('partners_file')}: {exc}") from exc


def key_records(settings: StoreSettings) -> FileKeys | SqliteKeys:
    """Raises SettingsError for an unusable file."""
    if not settings.api_keys_file:
        return SqliteKeys(settings.state_dir / FILE_NAME)
    try:
        return FileKeys(Path(settings.api_keys_file))
    except SourceFailed as exc:
        raise SettingsError(f"{variable('api_keys_file')}: {exc.reason}") from exc
