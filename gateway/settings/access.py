from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.settings.addresses import proxy, url
from gateway.settings.field import Fault, each, flag, matching, names, needed, setting, some_of, variable
from gateway.settings.files import certificates, partners
from gateway.settings.proxies import unusable_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# Both stand between quotes in the challenge of a 403.
_role = matching(r"[ !#-\[\]-~]+", "printable ASCII without quotes and backslashes")
_scope = matching(r"[!#-\[\]-~]+", "one scope: printable ASCII without blanks, quotes and backslashes")


def _realms(text: str) -> tuple[str, ...]:
    # A realm's name is a part of the paths at Keycloak.
    return each(r"(?!\.{1,2}$)[^\x00-\x20\x7f/?#%\\]+", "names of realms, without blanks and /?#%\\", text)


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    keycloak_url: str = setting(parse=url, help="Base URL of Keycloak, as the gateway reaches it.")
    keycloak_realm: tuple[str, ...] = setting(parse=_realms, help="Realm, or realms, whose tokens are accepted.")
    keycloak_audience: str = setting(help="Audience that a token must name.")
    keycloak_issuer: tuple[str, ...] = setting(
        (), parse=names, help="Issuer per realm, in the same order; empty: what each realm's discovery document says."
    )
    keycloak_timeout: float = setting(2.0, parse=float, unit="s", least=0.05, most=60, help="One call to Keycloak.")
    keycloak_ca_file: str = setting(
        "", parse=certificates, help="CA bundle (PEM) that signs Keycloak's certificate; empty: the system's."
    )
    keycloak_proxy: str = setting(
        "",
        parse=proxy,
        help="Forward proxy (`http://HOST:PORT`) for calls to Keycloak; `environment`: that of `HTTPS_PROXY`, "
        "`HTTP_PROXY` and `NO_PROXY`; empty: none.",
    )
    keys_ttl: float = setting(
        300.0,
        parse=float,
        unit="s",
        least=1,
        most=86_400,
        help="Age at which signing keys are refreshed in the background; the default follows a `KEYS_MAX_STALE` below twice of it.",
    )
    keys_max_stale: float = setting(
        86_400.0,
        parse=float,
        unit="s",
        least=1,
        most=2_592_000,
        help="Age up to which keys serve while Keycloak is down.",
    )
    keys_cooldown: float = setting(
        10.0, parse=float, unit="s", least=1, most=3600, help="Least time between two fetches for an unknown `kid`."
    )
    jwt_algorithms: tuple[str, ...] = setting(
        _ALGORITHMS,
        parse=some_of(*_ALGORITHMS, "Ed25519", "Ed448"),
        help="Signature algorithms accepted; each key is bound to its own.",
    )
    jwt_leeway: float = setting(
        30.0, parse=float, unit="s", least=0, most=300, help="Clock difference allowed in `exp`, `nbf` and `iat`."
    )
    jwt_max_lifetime: float = setting(
        86_400.0, parse=float, unit="s", least=1, most=31_536_000, help="Farthest `exp` accepted, from now."
    )
    jwt_type: str = setting(
        "Bearer", help="Value of the payload's `typ`. A header `typ` of `at+jwt` also satisfies it."
    )
    jwt_authorized_parties: tuple[str, ...] = setting((), parse=names, help="Clients (`azp`) accepted; empty: any.")
    required_role: str = setting(
        "",
        parse=_role,
        help="Realm role, or role of the audience's client, that bulk endpoints ask for; empty: none.",
    )
    required_scope: str = setting("", parse=_scope, help="Scope that bulk endpoints ask for; empty: none.")
    partner_claim: str = setting("", help="Claim that lists the partners a caller may name; empty: any.")
    partners_file: str = setting(
        "",
        parse=partners,
        help="File of partners (TOML): rate, share of the core, blocked, dry runs only; empty: none.",
    )
    introspection: bool = setting(False, parse=flag, help="Ask Keycloak whether a token was revoked.")
    introspection_ttl: float = setting(
        15.0, parse=float, unit="s", least=0, most=3600, help="How long an answer of the introspection is kept."
    )
    introspection_fail_open: bool = setting(
        False, parse=flag, help="Accept a locally valid token while the introspection cannot be reached."
    )
    introspection_client_id: str = setting("", help="Client that may introspect.")
    introspection_client_secret: str = setting("", secret=True, help="Secret of `INTROSPECTION_CLIENT_ID`.")

    def faults(self) -> Iterator[Fault]:
        yield from unusable_proxy("keycloak_proxy", self.keycloak_proxy, self.keycloak_url, beside="keycloak_url")
        if self.introspection:
            yield from needed(self, "introspection_client_id", "introspection_client_secret", by="introspection")
        if self.keycloak_issuer and len(self.keycloak_issuer) != len(self.keycloak_realm):
            reason = (
                f"must name one issuer for each realm of {variable('keycloak_realm')}; "
                f"it names {len(self.keycloak_issuer)} for {len(self.keycloak_realm)}"
            )
            yield Fault("keycloak_issuer", reason, beside=("keycloak_realm",))
