"""One line per event: key=value on a terminal, JSON elsewhere. No value can forge a line."""

from __future__ import annotations

import datetime as dt
import logging
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

import orjson

from gateway.telemetry.context import request_context
from gateway.telemetry.logs.pipe import handler_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OWN_LOGGERS = ("gateway", "legacy_client", "schemas", "gunicorn.error")
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_SECRET = re.compile(r"(?i)\bbearer\s+\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")
# Others are left to the slower way, numbers of more than 53 bits too.
_USUAL_LINE = (
    orjson.OPT_APPEND_NEWLINE
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_STRICT_INTEGER
)
_DELETE = b"\x7f"
_MAX_TEXT = 2000
_MAX_TRACEBACK = 8000


def configure(log_format: str, level: str, stream: TextIO | None = None) -> None:
    """``stream`` is standard error by default. ``log_format`` is ``auto``, ``json`` or ``console``.

    ``level`` is for the gateway and gunicorn. Other libraries show warnings and errors.
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
    if as_json:
        return JsonFormatter()
    # It loads Rich and asyncio, some four megabytes of a worker that writes JSON.
    from structlog.processors import LogfmtRenderer

    pairs = LogfmtRenderer(bool_as_flag=False)
    return LineFormatter(lambda line: pairs(None, "", line), kept="")


class LineFormatter(logging.Formatter):
    """The fixed columns, then the other fields, all made harmless."""

    # Not a chain of structlog's processors: that takes twice as long, on every request.
    def __init__(self, render: Callable[[dict[str, object]], str], kept: str) -> None:
        super().__init__()
        self._render = render
        self._kept = kept

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
        line: dict[str, object] = {
            "timestamp": _timestamp(record.created),
            "level": record.levelname.lower(),
            "event": harmless(record.getMessage()),
        }
        if request_id := fields.pop("request_id", "") or request_context.get():
            line["request_id"] = harmless(request_id)
        line["logger"] = harmless(record.name)
        for name, value in fields.items():
            line[name if name.isidentifier() else re.sub(r"\W", "_", name)] = harmless(value)
        if record.exc_info:
            line["exception"] = harmless(self.formatException(record.exc_info), most=_MAX_TRACEBACK, kept=self._kept)
        return self._render(line)


class JsonFormatter(LineFormatter):
    def __init__(self) -> None:
        # JSON escapes a line break itself, and its readers show a traceback as lines again.
        super().__init__(lambda line: orjson.dumps(line).decode(), kept="\n")

    def line(self, created: float, head: Mapping[str, object], facts: Mapping[str, object]) -> bytes:
        """With its line break. Empty where ``harmless`` might change a value, or one is of no usual type.

        ``head`` has the fixed columns after the time; ``request_id`` is filled in from ``facts``.
        """
        # It is looked at as a whole, and field by field, as any record, only where something in it may do harm.
        if not facts.get("request_id"):
            return b""
        try:
            line = orjson.dumps({"timestamp": _timestamp(created), **head, **facts}, option=_USUAL_LINE)
        except TypeError:
            return b""
        return line if len(line) <= _MAX_TEXT and _is_plain(line) and not _may_hold_secret(line) else b""


def _is_plain(line: bytes) -> bool:
    # JSON escapes what is not printable with a backslash, but for a few characters that stay as they are.
    return b"\\" not in line and (_DELETE not in line if line.isascii() else line[:-1].decode().isprintable())


def _timestamp(created: float) -> str:
    """Of a Unix time, in UTC (RFC 3339 section 5.6)."""
    second, rest = divmod(created, 1.0)
    micros = round(rest * 1e6)
    # Almost the next second is the next second.
    return f"{_second(second)}.{micros:06}Z" if micros < 1_000_000 else f"{_second(second + 1)}.000000Z"


@lru_cache(maxsize=1)
def _second(second: float) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).isoformat(timespec="seconds")[:-6]


def harmless(value: object, *, most: int = _MAX_TEXT, kept: str = "") -> object:
    """``value`` without what could confuse a terminal, a line reader or JSON.

    Texts are cut at ``most`` characters. ``kept`` characters stay. Tokens are masked.
    """
    if type(value) is str:
        return _harmless_text(value, most, kept)
    if value is None or type(value) is bool or type(value) is float:
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, dict):
        return {str(harmless(str(key))): harmless(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [harmless(entry) for entry in value]
    return _harmless_text(str(value), most, kept)


def _harmless_text(text: str, most: int, kept: str) -> str:
    if _may_hold_secret(text.encode("utf-8", "surrogatepass")):
        text = _SECRET.sub("[secret]", text)
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[-most // 2 :]}"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in kept else _escaped(char) for char in text)


def _may_hold_secret(text: bytes) -> bool:
    return b"eyJ" in text or b"earer" in text.lower()


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
