"""Changes one partner in the text of a file, and leaves comments and all other lines as they are."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from gateway.partners.partner import Partner, read_partners

_HEADER = re.compile(r"^\s*\[\s*(?:\"([^\"]*)\"|([\w-]+))\s*\]\s*(?:#.*)?$")


def blocked(text: str, name: str, message: str) -> str:
    """``message`` empty: not blocked. Raises ValueError where the file must be changed by hand."""
    wanted = replace(read_partners(text)[name], blocked=message)
    return _with(text, wanted, "blocked", json.dumps(message, ensure_ascii=False) if message else "")


def shared(text: str, name: str, percent: int) -> str:
    """``percent`` of the calls to the core; 0: all. Raises ValueError where the file must be changed by hand."""
    wanted = replace(read_partners(text)[name], share=percent)
    return _with(text, wanted, "share", str(percent) if percent else "")


def _with(text: str, partner: Partner, field: str, value: str) -> str:
    """``value`` is TOML; empty: the field is taken out. The result must be read as ``partner``."""
    name, known = partner.name, read_partners(text)
    lines = text.splitlines()
    begins = next((number for number, line in enumerate(lines) if _name_in(line) == name), None)
    if begins is not None:
        own = lines[begins + 1 :]
        size = next((number for number, line in enumerate(own) if line.lstrip().startswith("[")), len(own))
        kept = [line for line in own[:size] if not re.match(rf"\s*{field}\s*=", line)]
        said = [f"{field} = {value}"] if value else []
        lines = [*lines[: begins + 1], *said, *kept, *own[size:]]
    changed = "\n".join(lines) + "\n"
    with contextlib.suppress(ValueError):
        if read_partners(changed) == {**known, name: partner}:
            return changed
    raise ValueError(f"{name} is not written as a table of its own, one line a value; change the file by hand")


def added(text: str, partner: Partner) -> str:
    """Raises ValueError."""
    principals = json.dumps(list(partner.principals), ensure_ascii=False)
    changed = f"{text.rstrip()}\n\n[{partner.name}]\nprincipals = {principals}\n".lstrip()
    read_partners(changed)
    return changed


def replace_file(path: Path, text: str) -> None:
    """Whoever reads meanwhile sees the old file or the new one. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _name_in(line: str) -> str:
    found = _HEADER.match(line)
    return (found[1] or found[2]) if found else ""
