"""``python -m gateway.keys``: create, list, revoke and rotate API keys.

Exit codes: 0 done · 1 it cannot be done (one line on stderr says why) · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.api_keys.key import KeyText, hashed, mint
from gateway.auth.api_keys.record import ApiKey, canonical_uuid
from gateway.auth.api_keys.sqlite import FILE_NAME, SqliteKeys
from gateway.auth.api_keys.store_user import name_of, store_user, user_mismatch
from gateway.auth.errors import SourceFailed
from gateway.ending import refuse, run_to_its_end
from gateway.rate_text import match_rate
from gateway.settings import variable
from gateway.settings.stores import StoreSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Three years of overlap; for more, make another key.
_OVERLAP_DIGITS = 8
_SCOPES = sorted(API_KEY.grants)


class Refused(Exception):
    """The text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    path: Path = (options.state_dir or _default_folder()).absolute() / FILE_NAME
    options.path = path
    command: Callable[[SqliteKeys, argparse.Namespace], None] = options.command
    _tell_of_another_source(path, command)
    try:
        if command is not create:
            _look_for(path)
        command(SqliteKeys(path), options)
    except (Refused, SourceFailed) as exc:
        return refuse(str(exc))
    except BrokenPipeError:
        raise
    except OSError as exc:
        return refuse(f"{exc.filename or 'standard output'}: {exc.strerror}")
    return 0


def _look_for(path: Path) -> None:
    # A mistyped folder must not look like a store without keys.
    try:
        path.stat()
    except OSError as exc:
        raise Refused(f"no store of API keys at {path} ({exc.strerror})") from exc


def _tell_of_another_source(path: Path, command: Callable[..., None]) -> None:
    name = variable("api_keys_file")
    # A service that reads a file needs only an export of the store.
    if os.environ.get(name) and command is not export:
        print(f"note: {name} is set: a service with it reads that file, and not {path}", file=sys.stderr)


def _default_folder() -> Path:
    """Of GATEWAY_STATE_DIR, or the service's default."""
    name = variable("state_dir")
    if folder := os.environ.get(name):
        return Path(folder)
    default: Path = StoreSettings.state_dir
    print(f"note: {name} is not set: only a service without it too reads the store in {default}", file=sys.stderr)
    return default


def _check_user(path: Path) -> None:
    if mismatch := user_mismatch(path):
        raise Refused(mismatch)


def create(store: SqliteKeys, options: argparse.Namespace) -> None:
    """Make a key and print it, once."""
    _check_user(options.path)
    key = mint()
    record = ApiKey(
        id=key.id,
        name=options.name,
        hash=hashed(key.secret),
        scopes=frozenset(options.scope),
        integrations=frozenset(options.integration) if options.integration else None,
        rate=options.rate or "",
        created=int(time.time()),
    )
    store.add(record)
    _print_key(key, options)


def rotate(store: SqliteKeys, options: argparse.Namespace) -> None:
    """Give a key a new secret; the old one holds for the overlap."""
    _check_user(options.path)
    key = mint(options.id)
    until = time.time() + options.overlap if options.overlap else 0
    new = hashed(key.secret)

    def renewed(old: ApiKey) -> ApiKey:
        if old.revoked:
            raise Refused(f"{old.id} is revoked; create a new key")
        return replace(old, hash=new, previous_hash=old.hash, previous_until=until)

    _change(store, key.id, renewed)
    _print_key(key, options)


def revoke(store: SqliteKeys, options: argparse.Namespace) -> None:
    """Stop a key for good; every worker refuses it within five seconds."""
    _change(store, options.id, lambda old: replace(old, revoked=old.revoked or int(time.time())))
    print(f"{options.id} revoked")


def list_all(store: SqliteKeys, options: argparse.Namespace) -> None:
    """Show every key, oldest first, without anything secret."""
    rows = [_row(record) for record in store.all()]
    if options.json:
        print(json.dumps(rows))
    elif rows:
        _print_table(rows)
    else:
        print("no API keys")


def export(store: SqliteKeys, options: argparse.Namespace) -> None:
    """Print the keys that hold as a file for API_KEYS_FILE; it has salted hashes only."""
    entries = [record.entry() for record in store.all() if not record.revoked]
    print(json.dumps({"keys": entries}, indent=None if options.json else 2))


def _change(store: SqliteKeys, key_id: str, change: Callable[[ApiKey], ApiKey]) -> None:
    if store.change(key_id, change) is None:
        raise Refused(f"no API key has the id {key_id}")


def _row(record: ApiKey) -> dict[str, object]:
    return {
        "id": record.id,
        "name": record.name,
        "scopes": sorted(record.scopes),
        "integrations": "all" if record.integrations is None else sorted(record.integrations),
        "rate": record.rate or "default",
        "created": _date(record.created),
        "last_used": _date(record.last_used),
        "revoked": _date(record.revoked),
    }


def _date(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None


def _print_key(key: KeyText, options: argparse.Namespace) -> None:
    path, user = options.path, name_of(store_user(options.path))
    if options.json:
        print(json.dumps({"id": key.id, "key": str(key), "store": str(path), "user": user}))
    else:
        print(f"store {path}\nuser  {user}, as which the service must run\nid    {key.id}\nkey   {key}")
        print("The key is not stored and is not shown again.")


def _print_table(rows: list[dict[str, object]]) -> None:
    lines = [list(rows[0])] + [[_cell(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value or "-")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.keys", description="API keys of the integration endpoint.")
    _add_state_dir(parser, None)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    made = _command(commands, "create", create)
    made.add_argument("--name", required=True, help="whose key it is")
    made.add_argument("--scope", required=True, action="append", choices=_SCOPES, help="what it may do; repeatable")
    made.add_argument("--integration", action="append", type=_uuid, metavar="UUID", help="repeatable; default: all")
    made.add_argument("--rate", type=_rate_text, metavar="N", help="requests a minute, or N/second|minute|hour")
    _command(commands, "list", list_all)
    _command(commands, "revoke", revoke).add_argument("id")
    rotated = _command(commands, "rotate", rotate)
    rotated.add_argument("id")
    rotated.add_argument("--overlap", type=_seconds, default=0, metavar="SECONDS", help="the old secret holds so long")
    _command(commands, "export", export)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Callable[[SqliteKeys, argparse.Namespace], None],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    # The option may stand before or after the command.
    _add_state_dir(parser, argparse.SUPPRESS)
    parser.set_defaults(command=command)
    return parser


def _add_state_dir(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--state-dir", type=Path, default=default, help=f"folder of the store (default: {variable('state_dir')})"
    )


def _uuid(text: str) -> str:
    try:
        return canonical_uuid(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError("must be a UUID") from exc


def _rate_text(text: str) -> str:
    rate = text if "/" in text else f"{text}/minute"
    if match_rate(rate) is None:
        raise argparse.ArgumentTypeError("must be N or N/second, N/minute, N/hour")
    return rate


def _seconds(text: str) -> float:
    if not text.isascii() or not text.isdigit() or len(text) > _OVERLAP_DIGITS:
        raise argparse.ArgumentTypeError(f"must be a whole number of seconds, up to {'9' * _OVERLAP_DIGITS}")
    return float(text)


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
