from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.settings.field import variable
from gateway.settings.secrets import FileText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_LONGEST_SHOWN = 200
_MOST_DIGITS = 100
_NUMBERS: Mapping[object, Callable[[str], object]] = {
    int: re.compile(r"[+-]?[0-9]+").fullmatch,
    float: re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|nan)", re.IGNORECASE).fullmatch,
}
# Kubernetes and Docker set this for a port of a service with the variable's name.
_is_service_link = re.compile(r"(tcp|udp|sctp)://\S+:\d+").fullmatch


class _Unusable(Exception):
    """The text is the whole line."""


def read(
    settings: Iterable[dataclasses.Field[Any]], environ: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values given, and a line for each unusable setting."""
    given: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for setting in settings:
        try:
            text = _text(setting, environ)
            if text or (text is not None and _is_required(setting)):
                value = _value(setting, text.strip())
                # A value from a file keeps the path, so that it can be read again.
                given[setting.name] = text if isinstance(text, FileText) and value == text else value
            elif _is_required(setting):
                raise _Unusable(f"{variable(setting.name)}: not set. {setting.metadata['help']}")
        except _Unusable as exc:
            faults[setting.name] = str(exc)
    return given, faults


def _is_required(setting: dataclasses.Field[Any]) -> bool:
    return setting.default is dataclasses.MISSING


def _text(setting: dataclasses.Field[Any], environ: Mapping[str, str]) -> str | None:
    name = variable(setting.name)
    text = environ.get(name)
    path = environ.get(f"{name}_FILE") if setting.metadata["secret"] else None
    if not path:
        return text
    if text:
        raise _Unusable(f"{name}: must not be set beside {name}_FILE; take one of the two away")
    return _content(f"{name}_FILE", path)


def _content(name: str, path: str) -> str:
    try:
        return FileText(Path(path).read_text(encoding="utf-8").strip(), path)
    except OSError as exc:
        # Somebody may have put the secret itself here. It must not be logged.
        told = f"; it is {shown(path)}" if Path(path).is_absolute() else ""
        raise _Unusable(f"{name}: cannot be read ({exc.strerror}){told}") from exc
    except ValueError:
        # Not UTF-8, or a path with a NUL. Not chained: the error may contain the secret.
        raise _Unusable(f"{name}: must be UTF-8 text") from None


def _value(setting: dataclasses.Field[Any], text: str) -> Any:
    try:
        value = _parsed(setting.metadata["parse"], text)
        if value in ("", ()):
            raise ValueError("must not be empty")
        if not _in_bounds(value, setting.metadata["least"], setting.metadata["most"]):
            raise ValueError(f"must be {_bounds(setting.metadata['least'], setting.metadata['most'])}")
    except ValueError as exc:
        reason = _reason(setting, exc)
        told = "" if setting.metadata["secret"] or "empty" in reason else _told(text)
        raise _Unusable(f"{variable(setting.name)}: {reason}{told}") from exc
    return value


def _told(text: str) -> str:
    return f"; it is {shown(text)}{_origin(text)}" if text else "; it is empty"


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    form = _NUMBERS.get(parse)
    if form is None:
        return parse(text)
    # Python takes other digits too, and underscores between them.
    if not form(text):
        raise ValueError("no number")
    # Beyond every bound, and too long for Python's own reader.
    return math.inf if parse is int and len(text) > _MOST_DIGITS else parse(text)


def _reason(setting: dataclasses.Field[Any], exc: ValueError) -> str:
    if str(exc).startswith("must"):
        return str(exc)
    return f"must be {'a number' if setting.metadata['parse'] is float else 'a whole number'}"


def shown(text: str) -> str:
    """On one line, with passwords masked."""
    told = masked(text)
    return repr(told if len(told) <= _LONGEST_SHOWN else told[:_LONGEST_SHOWN] + "…")


def masked(text: str) -> str:
    """Without what stands before an @ or behind a ?, which may be a password."""
    _, at, rest = text.rpartition("@")
    rest, query, _ = rest.partition("?")
    return (at and "…@") + rest + (query and "?…")


def _origin(text: str) -> str:
    if not _is_service_link(text):
        return ""
    return (
        ", the form in which an orchestrator tells of a service of that name: "
        "set the variable yourself, rename the service, or turn its links off (enableServiceLinks: false)"
    )


def _in_bounds(value: Any, least: float | None, most: float | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    is_finite = isinstance(value, int) or math.isfinite(value)
    return is_finite and (least is None or value >= least) and (most is None or value <= most)


def _bounds(least: float, most: float) -> str:
    return f"at least {_number(least)} and at most {_number(most)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
