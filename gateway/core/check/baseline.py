"""What an earlier run found, and what is different now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.core.check.finding import VERDICTS
from gateway.settings.files import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gateway.core.check.finding import Finding

_VERSION = 1
_MOST_BYTES = 1_048_576


class BaselineUnusable(ValueError):
    """The text says why."""


class Baseline:
    """``rows`` are verdicts and shapes by name; empty where there is no file yet."""

    def __init__(self, path: Path) -> None:
        """Raises BaselineUnusable."""
        self.path = path
        try:
            self._rows = _rows(orjson.loads(_read(path)))
            self.is_new = False
        except FileNotFoundError:
            # It is written at the end: a run is long.
            if why := unwritable(path.parent) if path.parent.is_dir() else "there is no such folder":
                raise BaselineUnusable(f"{path} cannot be written ({why})") from None
            self._rows, self.is_new = {}, True
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise BaselineUnusable(f"{path} is no baseline ({exc})") from exc

    def drift(self, found: Mapping[str, Finding]) -> Iterator[str]:
        """A line for each row that is different. Rows that were not asked, now or then, say nothing."""
        for name, finding in found.items():
            if not finding.is_asked or name not in self._rows:
                continue
            verdict, shape = self._rows[name]
            if verdict != finding.verdict:
                yield f"{name}: {finding.verdict}, was {verdict}"
                continue
            for part, value in {**dict.fromkeys(shape, ""), **finding.shape}.items():
                if (before := shape.get(part, "")) != value:
                    yield f"{name}: {part} is {value or 'gone'}, was {before or 'not there'}"

    def write(self, found: Mapping[str, Finding]) -> None:
        """Raises OSError."""
        rows = {
            name: {"verdict": finding.verdict, "shape": dict(finding.shape)}
            for name, finding in found.items()
            if finding.is_asked
        }
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.write_bytes(orjson.dumps({"version": _VERSION, "rows": rows}, option=orjson.OPT_INDENT_2))
        beside.replace(self.path)


def _rows(document: Any) -> Mapping[str, tuple[str, dict[str, str]]]:
    if document["version"] != _VERSION:
        raise ValueError("it was written by another version")
    return {name: _row(row) for name, row in document["rows"].items()}


def _row(row: Any) -> tuple[str, dict[str, str]]:
    verdict, shape = row["verdict"], dict(row["shape"])
    if verdict not in VERDICTS or not all(type(text) is str and text.isprintable() for text in shape.values()):
        raise ValueError("a row of it is none")
    return verdict, shape


def _read(path: Path) -> bytes:
    """Raises OSError and ValueError."""
    with path.open("rb") as file:
        found = file.read(_MOST_BYTES + 1)
    if len(found) > _MOST_BYTES:
        raise ValueError(f"it is longer than {_MOST_BYTES:,} bytes")
    return found
