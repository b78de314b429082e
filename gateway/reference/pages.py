"""The pages of reference, from the tables in the code."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.api.routes import RESOURCES, routes
from gateway.item_codes import ITEM_CODES
from gateway.problems import PROBLEM_TYPES
from gateway.settings import GROUPS, variable
from gateway.telemetry.logs.names import LOG_EVENTS, REQUEST_FIELDS
from gateway.telemetry.metrics.table import METRICS
from schemas.messages import VALIDATION_CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_SECTIONS = {
    "core": "The core",
    "budgets": "Time budgets",
    "access": "Access",
    "stores": "Stores and rates",
    "service": "The service",
    "jobs": "Large batches",
    "audit": "The audit trail",
}
_SETTINGS = """Every setting is an environment variable, parsed and checked at start.
Bad ones stop the start, all at once: each has one line that names it and shows its value, unless that is secret.
An unknown `GATEWAY_*` variable is logged, with the known name of which it may be a slip.
A secret may come from a file instead: put its path into the variable with `_FILE` appended; both together are refused.
Lists are separated by commas.
"""
_ERRORS = """Every answer that is not a success is a problem document (`application/problem+json`, RFC 9457).
Branch on `type`, and within a batch on each item's `outcome` and `code`; texts may change.
"""
_ENDPOINTS = """What partners call, with the problem types that not every operation answers with.
`/openapi.json` of a running service has all of them, with parameters, bodies and examples.
"""
_METRICS = """Names and units follow Prometheus' conventions.
No label holds an id; every label has a closed set of values, and `partner` that of the operator's file.
"""
_EVENTS = """One line per event: JSON, or key=value on a terminal (`GATEWAY_LOG_FORMAT`).
Every line of a request carries its `request_id`.
"""


def settings_page() -> str:
    tables = (
        line for name, title in _SECTIONS.items() for line in (f"## {title}", "", *_setting_table(GROUPS[name]), "")
    )
    return _page("Settings", _SETTINGS, tables)


def errors_page() -> str:
    problems = ((f"`{slug}`", str(kind.status), kind.title, kind.advice) for slug, kind in PROBLEM_TYPES.items())
    return _page(
        "Errors",
        _ERRORS,
        ["## Problem types", "", *_table(("type ends with", "status", "title", "what to do"), problems), ""],
        ["## Codes of items that were not updated", "", *_table(("code", "meaning"), _item_codes()), ""],
        ["## Codes of validation errors", "", *_table(("code", "meaning"), _coded(VALIDATION_CODES)), ""],
    )


def endpoints_page() -> str:
    made = [make(("en",), 1, _no_pause) for make in RESOURCES]
    rows = (
        (route.method, f"`{path}`", ", ".join(f"`{slug}`" for slug in sorted(route.problems)))
        for route in routes(made)
        for path in route.paths
    )
    return _page("Endpoints", _ENDPOINTS, [*_table(("method", "path", "problem types of its own"), rows), ""])


def metrics_page() -> str:
    rows = (
        (f"`{spec.name}`", spec.kind, ", ".join(f"`{name}`" for name in spec.labels), spec.help) for spec in METRICS
    )
    return _page("Metrics", _METRICS, [*_table(("metric", "kind", "labels", "meaning"), rows), ""])


def events_page() -> str:
    return _page(
        "Log events",
        _EVENTS,
        [*_table(("event", "meaning"), _coded(LOG_EVENTS)), ""],
        ["## The fields of `request_ended`", "", *_table(("field", "meaning"), _coded(REQUEST_FIELDS)), ""],
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "endpoints.md": endpoints_page,
    "metrics.md": metrics_page,
    "log-events.md": events_page,
}
"""File name → its maker."""


def _no_pause() -> None: ...


def _page(title: str, introduction: str, *parts: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", introduction, *(line for part in parts for line in part)])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    # A bar would end the cell. In code some renderers show the backslash.
    return text.replace("|", r"\|")


def _coded(table: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((f"`{code}`", meaning) for code, meaning in table.items())


def _item_codes() -> Iterator[tuple[str, str]]:
    return ((f"`{code}`", row.meaning.format(name="item")) for code, row in ITEM_CODES.items())


def _setting_table(group: type[Any]) -> Iterator[str]:
    rows = (
        (
            f"`{variable(setting.name)}`",
            _default(setting),
            setting.metadata["unit"],
            setting.metadata["help"] + (" A secret." if setting.metadata["secret"] else ""),
        )
        for setting in dataclasses.fields(group)
    )
    return _table(("variable", "default", "unit", "meaning"), rows)


def _default(setting: dataclasses.Field[Any]) -> str:
    if setting.default is dataclasses.MISSING:
        return "required"
    if isinstance(setting.default, Path):
        return "the system's temporary folder"
    if isinstance(setting.default, bool):
        return f"`{str(setting.default).lower()}`"
    text = ",".join(setting.default) if isinstance(setting.default, tuple) else str(setting.default)
    return f"`{text}`" if text else "–"
