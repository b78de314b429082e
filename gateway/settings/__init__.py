"""Every knob of the gateway, read once from ``GATEWAY_*`` and checked at start.

Source: ``contract.md`` section 4. ``docs/reference/settings.md`` is generated from the fields of Settings.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.settings.access import AccessKnobs
from gateway.settings.addresses import port_of
from gateway.settings.core import CoreKnobs
from gateway.settings.files import check_key
from gateway.settings.service import ServiceKnobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "GATEWAY_"


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is one line that names the variable."""


@dataclass(frozen=True, kw_only=True)
class Settings(CoreKnobs, AccessKnobs, ServiceKnobs):
    """All settings, checked. Collaborators get the values they need, not this object."""

    def __post_init__(self) -> None:
        """Derive the outer budgets and check that inner ones end first: attempt < item < batch < request < worker.

        The two innermost are cut to the batch's; ``load`` refuses those that were given and would be cut.
        """
        request = self.request_deadline or self.batch_deadline + self.body_timeout + 2
        graceful = self.graceful_timeout or request + self.drain_delay + 2
        object.__setattr__(self, "request_deadline", request)
        object.__setattr__(self, "graceful_timeout", graceful)
        object.__setattr__(self, "item_deadline", min(self.item_deadline, self.batch_deadline))
        object.__setattr__(self, "core_timeout", min(self.core_timeout, self.item_deadline))
        nested = (
            ("batch_deadline", "request_deadline"),
            ("request_deadline", "graceful_timeout"),
            ("drain_delay", "graceful_timeout"),
        )
        for inner, outer in nested:
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
        # By the port alone the service tells the operators' requests from the public's.
        if self.metrics == "port" and self.metrics_port == port_of(self.bind):
            raise SettingsError(f"{variable('metrics_port')}: must differ from the port of {variable('bind')}")


def variable(name: str) -> str:
    """The environment variable of a field: ``core_url`` → ``GATEWAY_CORE_URL``."""
    return PREFIX + name.upper()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; a secret may come from the file named by ``GATEWAY_*_FILE``.

    Raises SettingsError with one line that names the variable. Files that settings name are looked at.
    """
    environ = os.environ if environ is None else environ
    given = {}
    for knob_field in dataclasses.fields(Settings):
        text = _text(knob_field, environ)
        if text is not None and (text or knob_field.default is dataclasses.MISSING):
            given[knob_field.name] = _parsed(knob_field, text)
        elif knob_field.default is dataclasses.MISSING:
            raise SettingsError(f"{variable(knob_field.name)}: not set. {knob_field.metadata['help']}")
    settings = Settings(**given)
    _check_inner_budgets(settings, given)
    _check_client_certificate(settings)
    return settings


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


def _check_inner_budgets(settings: Settings, given: Mapping[str, Any]) -> None:
    """A default gives way to a shorter budget around it; who chose a longer one is told, as with the outer budgets."""
    for inner, outer in (("item_deadline", "batch_deadline"), ("core_timeout", "item_deadline")):
        most = getattr(settings, outer)
        if given.get(inner, 0) > most:
            raise SettingsError(f"{variable(inner)}: must be at most {variable(outer)}, which is {most:g} s")


def _check_client_certificate(settings: Settings) -> None:
    if settings.core_cert_file:
        name = "core_key_file" if settings.core_key_file else "core_cert_file"
        try:
            check_key(settings.core_cert_file, settings.core_key_file)
        except ValueError as exc:
            raise SettingsError(f"{variable(name)}: {exc}") from exc


def _text(knob_field: dataclasses.Field[Any], environ: Mapping[str, str]) -> str | None:
    name = variable(knob_field.name)
    path = environ.get(name + "_FILE") if knob_field.metadata["secret"] else None
    if path is None:
        return environ.get(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise SettingsError(f"{name}_FILE: cannot be read ({exc.strerror})") from exc
    except UnicodeDecodeError:
        # Not chained: the error holds the secret's bytes.
        raise SettingsError(f"{name}_FILE: must be UTF-8 text") from None


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
    if not isinstance(value, int | float):
        return True
    return math.isfinite(value) and (least is None or value >= least) and (most is None or value <= most)


def _bounds(least: float | None, most: float | None) -> str:
    if most is None:
        return f"at least {least:g}" if least is not None else "finite"
    return f"between {least:g} and {most:g}"
