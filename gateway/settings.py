"""Every knob of the gateway: its type, default, unit and meaning, read once from ``GATEWAY_*`` and checked at start.

Source: ``contract.md`` section 4. ``docs/settings.md`` is generated from the fields below.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PREFIX = "GATEWAY_"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is one line that names the variable."""


def flag(text: str) -> bool:
    """``true``/``false``, ``1``/``0``, ``yes``/``no``, ``on``/``off`` as a bool."""
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return text.lower() in _TRUE


def names(text: str) -> tuple[str, ...]:
    """A comma-separated list as a tuple, blanks dropped."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def url(text: str) -> str:
    """An absolute http(s) URL without its trailing slash."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http:// or https:// URL without query or fragment")
    return text.rstrip("/")


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser for a closed set of words; ``-`` and ``_`` are the same."""

    def parse(text: str) -> str:
        word = text.lower().replace("-", "_")
        if word not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return word

    return parse


def knob(
    default: Any = dataclasses.MISSING,
    *,
    parse: Callable[[str], Any] = str,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
    help: str,  # noqa: A002 -- the word that every reader of a settings table looks for
) -> Any:
    """One setting: how its text is parsed, in which unit, within which bounds, and what it does."""
    metadata = {"parse": parse, "unit": unit, "least": least, "most": most, "secret": secret, "help": help}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, checked. Collaborators get the values they need, not this object."""

    core_url: str = knob(parse=url, help="Base URL of the core; paths of contract section 3 are appended.")
    core_auth: str = knob(
        "forward",
        parse=one_of("forward", "client_credentials", "static", "none"),
        help="How calls to the core are authenticated: `forward` the caller's token, `client_credentials` from "
        "Keycloak, a `static` header from `CORE_AUTH_FILE`, or `none`.",
    )
    core_auth_file: str = knob(
        "", help="File with one header line (`Name: value`) for `CORE_AUTH=static`; re-read on change."
    )
    core_client_id: str = knob("", help="Client id for `CORE_AUTH=client_credentials`.")
    core_client_secret: str = knob("", secret=True, help="Client secret for `CORE_AUTH=client_credentials`.")
    core_transport: str = knob(
        "hub",
        parse=one_of("hub", "sessions"),
        help="`hub`: the engine on the event loop; `sessions`: requests' stock adapter in a pool.",
    )
    core_timeout: float = knob(
        5.0, parse=float, unit="s", least=0.01, help="One attempt of one call, first byte out to last byte in."
    )
    core_connect_timeout: float = knob(
        1.0, parse=float, unit="s", least=0.01, help="Name look-up, connect and TLS handshake."
    )
    core_keepalive: float = knob(
        4.0,
        parse=float,
        unit="s",
        least=0,
        help="Idle connections older than this are dropped; keep it below the core's own limit.",
    )
    core_concurrency: int = knob(64, parse=int, least=1, help="Calls in flight to the core, per worker.")
    core_max_answer_bytes: int = knob(
        1_048_576, parse=int, unit="bytes", least=1024, help="Largest answer read from the core."
    )
    core_ca_file: str = knob("", help="CA bundle that signs the core's certificate; empty: the system's.")
    core_cert_file: str = knob("", help="Client certificate (PEM) for mutual TLS with the core.")
    core_key_file: str = knob("", help="Key of `CORE_CERT_FILE` (PEM).")
    core_honours_idempotency: bool = knob(
        False,
        parse=flag,
        help="The core applies a call with a known `Idempotency-Key` once; only then is a call repeated that may have been applied.",
    )
    core_atomic_errors: bool = knob(False, parse=flag, help="A 5xx of the core means that nothing was applied.")
    core_deadline_header: str = knob(
        "X-Request-Timeout-Ms", help="Header that tells the core the milliseconds left; empty: not sent."
    )

    batch_concurrency: int = knob(32, parse=int, least=1, help="Calls in flight to the core, per batch.")
    batch_deadline: float = knob(
        25.0, parse=float, unit="s", least=0.05, help="Time from the first call of a batch to its answer."
    )
    item_deadline: float = knob(15.0, parse=float, unit="s", least=0.01, help="All attempts of one item together.")
    request_deadline: float = knob(
        0.0,
        parse=float,
        unit="s",
        least=0,
        help="The whole request, body included; 0: `BATCH_DEADLINE` + `BODY_TIMEOUT` + 2 s.",
    )
    graceful_timeout: float = knob(
        0.0,
        parse=float,
        unit="s",
        least=0,
        help="Time a stopping worker may finish its batches; 0: `REQUEST_DEADLINE` + 3 s.",
    )
    body_timeout: float = knob(10.0, parse=float, unit="s", least=0.1, help="Reading one request body.")

    retry_attempts: int = knob(3, parse=int, least=1, most=10, help="Attempts of one item, the first included.")
    retry_base: float = knob(
        0.05, parse=float, unit="s", least=0, help="First back-off; doubled each time, full jitter."
    )
    retry_cap: float = knob(
        1.0, parse=float, unit="s", least=0, help="Largest back-off; a `Retry-After` may be longer."
    )
    retry_budget: float = knob(
        0.1, parse=float, unit="ratio", least=0, most=1, help="Retries as a share of the calls in the window."
    )
    retry_budget_window: float = knob(10.0, parse=float, unit="s", least=1, help="Window of the retry budget.")
    retry_budget_floor: int = knob(3, parse=int, least=0, help="Retries allowed in a window whatever the share.")

    circuit_enabled: bool = knob(True, parse=flag, help="Open a circuit on a failing core.")
    circuit_window: float = knob(10.0, parse=float, unit="s", least=0.1, help="Window over which failures are rated.")
    circuit_min_calls: int = knob(20, parse=int, least=1, help="Calls in the window before the rate counts.")
    circuit_failure_rate: float = knob(
        0.5,
        parse=float,
        unit="ratio",
        least=0.01,
        most=1,
        help="Share of 5xx, timeouts and resets that opens the circuit.",
    )
    circuit_open: float = knob(5.0, parse=float, unit="s", least=0.05, help="Time before a half-open probe.")
    circuit_probes: int = knob(3, parse=int, least=1, help="Probes that must succeed to close the circuit.")
    limit_adaptive: bool = knob(
        False, parse=flag, help="Lower the calls in flight when the core slows (AIMD), up to `CORE_CONCURRENCY`."
    )
    limit_floor: int = knob(4, parse=int, least=1, help="Least calls in flight of the adaptive limit.")

    keycloak_url: str = knob(parse=url, help="Base URL of Keycloak, as the gateway reaches it.")
    keycloak_realm: tuple[str, ...] = knob(parse=names, help="Realm, or realms, whose tokens are accepted.")
    keycloak_audience: str = knob(help="Audience that a token must name.")
    keycloak_issuer: tuple[str, ...] = knob(
        (), parse=names, help="Issuer per realm, in the same order, where it is not `KEYCLOAK_URL/realms/REALM`."
    )
    keycloak_timeout: float = knob(2.0, parse=float, unit="s", least=0.05, help="One call to Keycloak.")
    keycloak_ca_file: str = knob("", help="CA bundle that signs Keycloak's certificate; empty: the system's.")
    keys_ttl: float = knob(
        300.0, parse=float, unit="s", least=1, help="Age at which signing keys are refreshed in the background."
    )
    keys_max_stale: float = knob(
        86_400.0, parse=float, unit="s", least=1, help="Age up to which keys serve while Keycloak is down."
    )
    keys_cooldown: float = knob(
        10.0, parse=float, unit="s", least=0, help="Least time between two fetches for an unknown `kid`."
    )
    jwt_algorithms: tuple[str, ...] = knob(
        ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"),
        parse=names,
        help="Signature algorithms accepted; each key is bound to its own.",
    )
    jwt_leeway: float = knob(
        30.0, parse=float, unit="s", least=0, most=300, help="Clock difference allowed in `exp`, `nbf` and `iat`."
    )
    jwt_max_lifetime: float = knob(86_400.0, parse=float, unit="s", least=1, help="Farthest `exp` accepted, from now.")
    jwt_type: str = knob(
        "Bearer", help="Value of the payload's `typ`; empty: not checked. A header `typ` of `at+jwt` also satisfies it."
    )
    jwt_authorized_parties: tuple[str, ...] = knob((), parse=names, help="Clients (`azp`) accepted; empty: any.")
    required_role: str = knob(
        "", help="Realm role, or role of the audience's client, that the bulk endpoint asks for; empty: none."
    )
    required_scope: str = knob("", help="Scope that the bulk endpoint asks for; empty: none.")
    partner_claim: str = knob("", help="Claim that lists the `partner_ids` a caller may name; empty: any.")
    token_cache_size: int = knob(10_000, parse=int, least=0, help="Verified tokens kept until they expire.")
    introspection: bool = knob(False, parse=flag, help="Ask Keycloak whether a token was revoked.")
    introspection_ttl: float = knob(
        15.0, parse=float, unit="s", least=0, help="How long an answer of the introspection is kept."
    )
    introspection_fail_open: bool = knob(
        False, parse=flag, help="Accept a locally valid token while the introspection cannot be reached."
    )
    introspection_client_id: str = knob("", help="Client that may introspect.")
    introspection_client_secret: str = knob("", secret=True, help="Secret of `INTROSPECTION_CLIENT_ID`.")

    max_batch_items: int = knob(1000, parse=int, least=1, help="Items in one batch.")
    max_body_bytes: int = knob(5_242_880, parse=int, unit="bytes", least=1024, help="Request body, after inflation.")
    max_waiting_batches: int = knob(
        200, parse=int, least=1, help="Batches under way in a worker before new ones are shed."
    )
    max_queue_age: float = knob(
        5.0,
        parse=float,
        unit="s",
        least=0.01,
        help="Age of the oldest item waiting for the core before new batches are shed.",
    )
    languages: tuple[str, ...] = knob(("en", "fr"), parse=names, help="Languages of title, subtitle and details.")
    rate_limit: str = knob(
        "", help="Items per principal on the bulk endpoint, as `COUNT/second|minute|hour`; empty: none."
    )
    key_rate_limit: str = knob("500/minute", help="Requests per API key without a rate of its own.")
    redis_url: str = knob(
        "", secret=True, help="Redis for idempotency records and rate limits; empty: SQLite in `STATE_DIR`."
    )
    state_dir: Path = knob(
        Path(tempfile.gettempdir()) / "bulk-update-gateway",
        parse=Path,
        help="Folder for the embedded stores, shared by the workers of one host.",
    )
    api_keys_file: str = knob("", help="Read-only file of API keys, instead of the store in `STATE_DIR`.")
    idempotency_ttl: float = knob(
        86_400.0, parse=float, unit="s", least=1, help="How long an idempotency record is kept."
    )
    idempotency_max_bytes: int = knob(
        1_073_741_824, parse=int, unit="bytes", least=1_048_576, help="Size of the embedded idempotency store."
    )

    bind: str = knob("127.0.0.1:8000", help="Address and port; `-b` of gunicorn wins.")
    workers: int = knob(1, parse=int, least=1, help="Worker processes; one per core.")
    public_url: str = knob("", parse=url, help="The service's own URL as partners see it; problem types start with it.")
    metrics: str = knob(
        "path",
        parse=one_of("path", "port", "off"),
        help="Serve `/metrics` on the service's own port, on `METRICS_PORT`, or not.",
    )
    metrics_port: int = knob(
        9090, parse=int, least=1, most=65535, help="Port for `METRICS=port`, on the host of `METRICS_BIND`."
    )
    metrics_bind: str = knob("127.0.0.1", help="Host for `METRICS=port`.")
    status_page: bool = knob(False, parse=flag, help="Serve the operators' page `/status` beside the metrics.")
    docs_page: bool = knob(True, parse=flag, help="Serve `/docs`.")
    traces: bool = knob(
        False, parse=flag, help="Export traces by OTLP (`OTEL_*` variables apply); needs the extra `traces`."
    )
    log_format: str = knob(
        "auto", parse=one_of("auto", "json", "console"), help="`auto`: key=value on a terminal, JSON elsewhere."
    )
    log_level: str = knob("info", parse=one_of("debug", "info", "warning", "error"), help="Least severe events logged.")
    log_failed_items: int = knob(10, parse=int, least=0, help="Failed items logged per batch.")

    def __post_init__(self) -> None:
        """Derive the outer budgets and check that inner ones end first: attempt < item < batch < request < worker."""
        request = self.request_deadline or self.batch_deadline + self.body_timeout + 2
        graceful = self.graceful_timeout or request + 3
        object.__setattr__(self, "request_deadline", request)
        object.__setattr__(self, "graceful_timeout", graceful)
        object.__setattr__(self, "item_deadline", min(self.item_deadline, self.batch_deadline))
        object.__setattr__(self, "core_timeout", min(self.core_timeout, self.item_deadline))
        for inner, outer in (("batch_deadline", "request_deadline"), ("request_deadline", "graceful_timeout")):
            if getattr(self, inner) >= getattr(self, outer):
                raise SettingsError(f"{variable(outer)}: must be larger than {variable(inner)}")
        self._check_companions()

    def _check_companions(self) -> None:
        needed = {
            "core_auth_file": self.core_auth == "static",
            "core_client_id": self.core_auth == "client_credentials",
            "core_client_secret": self.core_auth == "client_credentials",
            "introspection_client_id": self.introspection,
            "introspection_client_secret": self.introspection,
            "core_cert_file": bool(self.core_key_file),
        }
        for name, is_needed in needed.items():
            if is_needed and not getattr(self, name):
                raise SettingsError(f"{variable(name)}: needed by the other settings given, but not set")
        if self.keycloak_issuer and len(self.keycloak_issuer) != len(self.keycloak_realm):
            raise SettingsError(f"{variable('keycloak_issuer')}: must name one issuer for each realm")


def variable(name: str) -> str:
    """The environment variable of a field: ``core_url`` → ``GATEWAY_CORE_URL``."""
    return PREFIX + name.upper()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; a secret may come from the file named by ``GATEWAY_*_FILE``.

    Raises SettingsError with one line that names the variable.
    """
    environ = os.environ if environ is None else environ
    given = {}
    for knob_field in dataclasses.fields(Settings):
        text = _text(knob_field, environ)
        if text is not None and (text or knob_field.default is dataclasses.MISSING):
            given[knob_field.name] = _parsed(knob_field, text)
        elif knob_field.default is dataclasses.MISSING:
            raise SettingsError(f"{variable(knob_field.name)}: not set. {knob_field.metadata['help']}")
    return Settings(**given)


def unknown_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """``GATEWAY_*`` variables that mean nothing here, each with the nearest known name or an empty string.

    They do not stop the start: orchestrators inject names of this form on their own (``GATEWAY_SERVICE_HOST``).
    """
    known = {variable(knob_field.name) for knob_field in dataclasses.fields(Settings)}
    files = {
        variable(knob_field.name) + "_FILE"
        for knob_field in dataclasses.fields(Settings)
        if knob_field.metadata["secret"]
    }
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known | files:
            yield name, "".join(difflib.get_close_matches(name, known, n=1))


def _text(knob_field: dataclasses.Field[Any], environ: Mapping[str, str]) -> str | None:
    name = variable(knob_field.name)
    path = environ.get(name + "_FILE") if knob_field.metadata["secret"] else None
    if path is None:
        return environ.get(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise SettingsError(f"{name}_FILE: cannot be read ({exc.strerror})") from exc


def _parsed(knob_field: dataclasses.Field[Any], text: str) -> Any:
    name, metadata = variable(knob_field.name), knob_field.metadata
    try:
        value = metadata["parse"](text.strip())
    except ValueError as exc:
        reason = (
            str(exc)
            if str(exc).startswith("must")
            else f"must be {'a number' if metadata['parse'] is float else 'a whole number'}"
        )
        raise SettingsError(f"{name}: {reason}") from exc
    if value in ("", ()):
        raise SettingsError(f"{name}: must not be empty")
    if not _in_bounds(value, metadata["least"], metadata["most"]):
        raise SettingsError(f"{name}: must be {_bounds(metadata['least'], metadata['most'])}")
    return value


def _in_bounds(value: Any, least: float | None, most: float | None) -> bool:
    # A NaN compares false with everything, so it is out of any bounds.
    return (
        (least is None or value >= least)
        and (most is None or value <= most)
        and value == value
        and value != float("inf")
    )


def _bounds(least: float | None, most: float | None) -> str:
    if most is None:
        return f"at least {least:g}" if least is not None else "finite"
    return f"between {least:g} and {most:g}"
