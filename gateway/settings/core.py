from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.settings.addresses import proxy, url
from gateway.settings.field import Fault, flag, matching, needed, one_of, setting, variable
from gateway.settings.files import certificates, check_key, core_header, core_map, readable_file
from gateway.settings.proxies import unusable_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

_header_name = matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", "a header's name: letters, digits and !#$%&'*+-.^_`|~")


@dataclass(frozen=True, kw_only=True)
class CoreSettings:
    core_url: str = setting(parse=url, help="Base URL of the core; paths of contract section 3 are appended.")
    core_map: str = setting(
        "",
        parse=core_map,
        help="File that says what the core calls things, in the form of `gateway/resources/core.toml`; empty: that one.",
    )
    core_auth: str = setting(
        "forward",
        parse=one_of("forward", "client_credentials", "static", "none"),
        help="How calls to the core are authenticated: `forward` the caller's token, `client_credentials` from "
        "Keycloak, a `static` header from `CORE_AUTH_FILE`, or `none`.",
    )
    core_auth_file: str = setting(
        "",
        parse=readable_file,
        help="File with one header line (`Name: value`) for `CORE_AUTH=static`; re-read on change.",
    )
    core_client_id: str = setting("", help="Client id for `CORE_AUTH=client_credentials`.")
    core_client_secret: str = setting("", secret=True, help="Client secret for `CORE_AUTH=client_credentials`.")
    core_transport: str = setting(
        "hub",
        parse=one_of("hub", "sessions"),
        help="`hub`: the engine on the event loop; `sessions`: requests' stock adapter in a pool.",
    )
    core_connect_timeout: float = setting(
        1.0, parse=float, unit="s", least=0.01, most=60, help="Name look-up, connect and TLS handshake."
    )
    core_keepalive: float = setting(
        4.0,
        parse=float,
        unit="s",
        least=0,
        most=3600,
        help="Idle connections older than this are dropped; keep it below the core's own limit.",
    )
    core_connection_age: float = setting(
        60.0,
        parse=float,
        unit="s",
        least=0,
        most=86_400,
        help="Greatest age of a connection, shortened by chance by up to a fifth, so that a core that moved is followed; 0: none.",
    )
    core_concurrency: int = setting(
        64, parse=int, least=1, most=10_000, help="Calls in flight to the core, per worker."
    )
    core_max_answer_bytes: int = setting(
        1_048_576, parse=int, unit="bytes", least=1024, most=268_435_456, help="Largest answer read from the core."
    )
    core_ca_file: str = setting(
        "", parse=certificates, help="CA bundle (PEM) that signs the core's certificate; empty: the system's."
    )
    core_cert_file: str = setting("", parse=certificates, help="Client certificate (PEM) for mutual TLS with the core.")
    core_key_file: str = setting(
        "", parse=readable_file, help="Key of `CORE_CERT_FILE` (PEM, not encrypted); empty: it is in that file."
    )
    core_proxy: str = setting(
        "",
        parse=proxy,
        help="Forward proxy (`http://HOST:PORT`) for connections to the core, made by CONNECT; `environment`: that of "
        "`HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; empty: none. With the transport `hub` alone.",
    )
    core_honours_idempotency: bool = setting(
        False,
        parse=flag,
        help="The core applies a call with a known `Idempotency-Key` once; only then is a call repeated that may have been applied.",
    )
    core_atomic_errors: bool = setting(False, parse=flag, help="A 5xx of the core means that nothing was applied.")
    core_deadline_header: str = setting(
        "X-Request-Timeout-Ms",
        parse=_header_name,
        help="Header that tells the core the milliseconds left.",
    )

    batch_concurrency: int = setting(
        32, parse=int, least=1, most=10_000, help="Calls in flight to the core, per batch."
    )

    retry_attempts: int = setting(3, parse=int, least=1, most=10, help="Attempts of one item, the first included.")
    retry_base: float = setting(
        0.05, parse=float, unit="s", least=0, most=60, help="First back-off; doubled each time, full jitter."
    )
    retry_cap: float = setting(
        1.0, parse=float, unit="s", least=0, most=600, help="Largest back-off; a `Retry-After` may be longer."
    )
    retry_budget: float = setting(
        0.1, parse=float, unit="ratio", least=0, most=1, help="Retries as a share of the calls in the window."
    )
    retry_budget_window: float = setting(
        10.0, parse=float, unit="s", least=1, most=3600, help="Window of the retry budget."
    )
    retry_budget_floor: int = setting(
        3, parse=int, least=0, most=10_000, help="Retries allowed in a window whatever the share."
    )

    circuit_enabled: bool = setting(True, parse=flag, help="Open a circuit on a failing core.")
    circuit_window: float = setting(
        10.0, parse=float, unit="s", least=0.1, most=3600, help="Window over which failures are rated."
    )
    circuit_min_calls: int = setting(
        20, parse=int, least=1, most=1_000_000, help="Calls in the window before the rate counts."
    )
    circuit_open: float = setting(
        2.0, parse=float, unit="s", least=0.05, most=3600, help="Time before a half-open probe."
    )
    limit_adaptive: bool = setting(
        False, parse=flag, help="Lower the calls in flight when the core slows (AIMD), up to `CORE_CONCURRENCY`."
    )

    def faults(self) -> Iterator[Fault]:
        if self.core_auth == "static":
            yield from needed(self, "core_auth_file", by="core_auth")
            if self.core_auth_file and (wrong := core_header(self.core_auth_file, self.core_deadline_header)):
                yield Fault("core_auth_file", wrong, beside=("core_deadline_header",), value=self.core_auth_file)
        if self.core_auth == "client_credentials":
            yield from needed(self, "core_client_id", "core_client_secret", by="core_auth")
        if self.core_key_file:
            yield from needed(self, "core_cert_file", by="core_key_file")
        if self.core_cert_file:
            name = "core_key_file" if self.core_key_file else "core_cert_file"
            try:
                check_key(self.core_cert_file, self.core_key_file)
            except ValueError as exc:
                beside = ("core_cert_file", "core_key_file")
                yield Fault(name, str(exc), beside=beside, value=getattr(self, name))
        if self.core_proxy and self.core_transport != "hub":
            reason = f"must be empty unless {variable('core_transport')} is hub"
            yield Fault("core_proxy", reason, beside=("core_transport",), value=self.core_proxy)
        else:
            yield from unusable_proxy("core_proxy", self.core_proxy, self.core_url, beside="core_url")
