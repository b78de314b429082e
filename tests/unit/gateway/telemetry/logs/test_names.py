"""The list of log events is closed: what the packages log is what the operators' page explains."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.telemetry.logs.names import LOG_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[5]
PACKAGES = ("gateway", "legacy_client", "schemas")
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def _logged_events() -> Iterator[tuple[str, str]]:
    """``(event, file:line)`` of each call of a module's ``_log``, and of each FactsLine."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and (method := _log_method(node.func)):
                    event = node.args[1 if method in {"log", "FactsLine"} else 0]
                    yield ast.literal_eval(event), f"{path.relative_to(ROOT)}:{node.lineno}"


def _log_method(function: ast.expr) -> str:
    """``warning`` for ``_log.warning``, ``FactsLine`` for one of those, empty for any other function."""
    if isinstance(function, ast.Name) and function.id == "FactsLine":
        return function.id
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "_log":
        return function.attr if function.attr in METHODS else ""
    return ""


def test_each_event_that_is_logged_has_a_row_in_log_events() -> None:
    unknown = {event: where for event, where in _logged_events() if event not in LOG_EVENTS}

    assert unknown == {}, "add a row in gateway/telemetry/logs/names.py"


def test_each_row_is_logged_somewhere() -> None:
    assert set(LOG_EVENTS) <= {event for event, _ in _logged_events()}


def test_each_row_is_a_sentence_about_an_event_named_in_snake_case() -> None:
    assert [
        event for event, meaning in LOG_EVENTS.items() if not event.isidentifier() or not meaning.endswith(".")
    ] == []
