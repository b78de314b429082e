"""One line per event: key=value on a terminal, JSON elsewhere. Whatever a value holds, it cannot forge a line.

The packages log through the standard library (event name and ``extra``); structlog renders those records and everyone
else's through one chain. The request id comes from the context and stands on every line.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, TextIO

import orjson
import structlog

from gateway.telemetry.context import request_context
from gateway.telemetry.log_pipe import handler_for

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

OWN_LOGGERS = ("gateway", "legacy_client", "schemas", "gunicorn.error")
_FIRST = ("timestamp", "level", "event", "request_id", "logger")
_SECRET = re.compile(r"(?i)\bbearer\s+\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_MAX_TEXT = 2000
_MAX_TRACEBACK = 8000


def configure(log_format: str, level: str, stream: TextIO | None = None) -> None:
    """Send all records of this process to ``stream`` (standard error), rendered.

    ``log_format`` is ``auto``, ``json`` or ``console``. The gateway's own records and the server's are shown from
    ``level`` on, those of other libraries from warnings on.
    """
    stream = stream or sys.stderr
    as_json = log_format == "json" or (log_format == "auto" and not stream.isatty())
    handler = handler_for(stream)
    handler.setFormatter(formatter(as_json=as_json))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(capture=True)


def formatter(*, as_json: bool) -> logging.Formatter:
    """What turns a record of anyone into one line."""
    chain: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _add_origin,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        # JSON escapes a line break itself, and its readers show a traceback as lines again.
        _all_harmless(traceback_kept="\n" if as_json else ""),
        _json_line if as_json else structlog.processors.LogfmtRenderer(bool_as_flag=False),
    ]
    return structlog.stdlib.ProcessorFormatter(processors=chain)


def harmless(value: object, *, most: int = _MAX_TEXT, kept: str = "") -> object:
    """``value`` with nothing in it that a terminal, a line reader or JSON could trip over.

    Texts are cut at ``most`` characters, those of ``kept`` stay as they are, and what looks like a token is masked.
    """
    if type(value) is str:
        return _harmless_text(value, most, kept)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, dict):
        return {str(harmless(str(key))): harmless(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [harmless(entry) for entry in value]
    return _harmless_text(str(value), most, kept)


def _harmless_text(text: str, most: int, kept: str) -> str:
    if "eyJ" in text or "earer" in text.lower():
        text = _SECRET.sub("[secret]", text)
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[-most // 2 :]}"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in kept else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def _add_origin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The request under way and the module that speaks."""
    if request_id := request_context.get():
        event.setdefault("request_id", request_id)
    event["logger"] = event["_record"].name
    return event


def _all_harmless(traceback_kept: str) -> Processor:
    """Every name and value made harmless, the columns that all lines have in front."""

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        clean: EventDict = {name: harmless(event.pop(name)) for name in _FIRST if name in event}
        traceback = event.pop("exception", None)
        for name, value in event.items():
            clean[name if name.isidentifier() else re.sub(r"\W", "_", name)] = harmless(value)
        if traceback is not None:
            clean["exception"] = harmless(traceback, most=_MAX_TRACEBACK, kept=traceback_kept)
        return clean

    return process


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event).decode()
