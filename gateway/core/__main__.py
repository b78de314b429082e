"""``python -m gateway.core``: what a map of the core makes of an item, and what a core really does.

Exit codes of ``map``: 0 nothing is lost · 1 the map is refused (one line on stderr says where) · 2 wrong usage ·
3 something is lost.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gateway.api.routes import of_core_map
from gateway.core.answers import meaning
from gateway.core.check.command import run as check
from gateway.core.check.options import add_parser
from gateway.core.samples import samples
from gateway.ending import refuse, run_to_its_end
from gateway.resources.answer_map import read_answers
from gateway.resources.core_map import read_core_map, shipped
from gateway.resources.map_file import read_map
from gateway.resources.map_tables import CoreMapError
from legacy_client.calls import Update
from schemas.base import InvalidDocument
from schemas.fields import Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.resources.resource import Resource

_LANGUAGES = ("en", "fr")
# No part of it is another's value.
_A_TIME = "2024-07-31 16:05:09"
# Keys begin with so many digits.
_PREFIX = "9f86d081884c7d659a2feaa0c55ad015"
_SHIPPED = "gateway/resources/core.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    return command(options)


def _map(options: argparse.Namespace) -> int:
    name = str(options.file or _SHIPPED)
    try:
        text = read_map(options.file) if options.file else shipped()
        resource = of_core_map(text)(options.languages, 1, _go_on)
        read_answers(text)
        if options.call:
            return _show_call(resource)
        if options.answer:
            item_id = options.id or str(resource.example.sent[0][resource.id_name])
            told = meaning(text, resource, item_id, options.answer, sys.stdin.buffer.read())
            print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
            return 0
        if options.table:
            print("\n".join(_table(text, resource)))
            return 0
        return _show_losses(name, resource, options.languages)
    except CoreMapError as exc:
        return refuse(f"{name}: {exc}")
    except InvalidDocument as exc:
        return refuse("; ".join(f"{error.field or 'the item'}: {error.detail}" for error in exc.errors))
    except OSError as exc:
        return refuse(f"{name}: {exc.strerror}")


def _show_losses(name: str, resource: Resource, languages: Sequence[str]) -> int:
    tried = list(samples(resource.schema, languages))
    lost = [line for field, value in tried for line in _lost(resource, field, value)]
    shown = [*lost, *_written_times(resource)]
    print(*shown, sep="\n", end="\n" if shown else "")
    kept = len(tried) - len(lost)
    print(f"{name}: {kept} of {len(tried)} values come back as they were sent.")
    return 3 if lost else 0


def _written_times(resource: Resource) -> Iterator[str]:
    """One of each row, so that an eye sees the order of its parts and the names of months."""
    for name, field in resource.schema.load_fields.items():
        if isinstance(field, Timestamp):
            with suppress(Exception):  # a team's own code may raise anything; what cannot be sent is told as lost
                sent = resource.translation.to_legacy({resource.id_name: "1", name: _A_TIME})
                yield f"{name}: {_json(_A_TIME)} is sent as {_json(sent)}"


def _lost(resource: Resource, field: str, value: object) -> Iterator[str]:
    """A line where a value does not come back."""
    try:
        sent = orjson.loads(orjson.dumps(resource.translation.to_legacy({resource.id_name: "1", field: value})))
    except Exception as exc:  # noqa: BLE001 -- a team's own code may raise anything
        yield f"{field}: {_json(value)} cannot be sent ({_reason(exc)})"
        return
    back = resource.translation.from_legacy("1", sent)
    if back.get(field) != value or "unreadable" in back:
        shown = _json(back[field]) if field in back else "nothing"
        yield f"{field}: {_json(value)} is sent as {_json(sent)} and comes back as {shown}"


def _show_call(resource: Resource) -> int:
    """Of the item on standard input."""
    try:
        item = next(resource.items({"data": [orjson.loads(sys.stdin.buffer.read())]}))
    except orjson.JSONDecodeError as exc:
        return refuse(f"standard input is not JSON: {exc}")
    operation = resource.operation
    try:
        call = Update.of(item[resource.id_name], resource.translation.to_legacy(item))
    except Exception as exc:  # noqa: BLE001 -- a team's own code may raise anything
        return refuse(f"the item cannot be sent ({_reason(exc)})")
    request = operation.write(operation.template("http://core"), call, _PREFIX)
    print(f"{request.method} {str(request.url).removeprefix('http://core')}")
    for header, shown in sorted(request.headers.items()):
        print(f"{header}: {shown}")
    body = request.body if isinstance(request.body, bytes) else b""
    print(f"\n{body.decode()}")
    return 0


def _table(text: str, resource: Resource) -> Iterator[str]:
    """The rows of contract section 3, for a team's own pages."""
    mapped = read_core_map(text, resource.schema)
    yield "| public | the core's |"
    yield "|---|---|"
    yield f"| `{resource.id_name}` | `{mapped.update.method} {mapped.update.path}` |"
    for row in mapped.fields:
        only = ", answers only" if row.is_of_answers else ""
        yield f"| `{row.name}` | `{row.to}`{only} |"


def _reason(exc: Exception) -> str:
    """In one line."""
    return " ".join(str(exc).split()) or type(exc).__name__


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _go_on() -> None:
    """Nobody else runs."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.core", description="Look after a core of your own.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    one = commands.add_parser("map", help="send sample values there and back, and tell what is lost")
    one.add_argument("file", type=Path, nargs="?", help="a map; left out: the shipped one")
    one.add_argument("--languages", type=lambda text: text.split(","), default=_LANGUAGES, help="en,fr")
    shown = one.add_mutually_exclusive_group()
    shown.add_argument("--call", action="store_true", help="show the call for the item on standard input")
    told = "say what the answer on standard input means, with this status: --answer 200 --id 19353"
    shown.add_argument("--answer", type=int, metavar="STATUS", help=told)
    one.add_argument("--id", help="the item that the answer is about (default: 19353, or the like by the map)")
    shown.add_argument("--table", action="store_true", help="show the map as a table")
    one.set_defaults(run=_map)
    add_parser(commands, check)
    return parser


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
