"""The steps of a release that are easily forgotten: ``python -m deploy.release write|check|notes VERSION``.

``write`` puts the version everywhere and dates the changelog, ``check`` says what names another, ``notes`` prints the
version's part of the changelog. Exit codes: 0 done · 1 something is not as it should be · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
_NUMBER = r"(\d+\.\d+\.\d+)"
_IMAGE = rf"bulk-update-gateway:{_NUMBER}"
PLACES: Mapping[str, str] = {
    "gateway/__init__.py": rf'^VERSION = "{_NUMBER}"$',
    "setup.cfg": rf"^version = {_NUMBER}$",
    "deploy/helm/Chart.yaml": rf'^(?:version|appVersion): "?{_NUMBER}"?$',
    "deploy/compose/compose.yaml": _IMAGE,
    "deploy/kubernetes/base/deployment.yaml": _IMAGE,
    "deploy/kubernetes/base/jobs.yaml": _IMAGE,
    "deploy/kubernetes/overlays/example/kustomization.yaml": rf"newTag: {_NUMBER}",
    "docs/operators/deploy.md": _IMAGE,
}
"""File → what names the version there."""
_UNRELEASED = "## Unreleased\n"


class Refused(Exception):
    """The text says why."""


def write(root: Path, version: str) -> None:
    """Raises Refused."""
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    if _part(text, "Unreleased") is None:
        raise Refused("CHANGELOG.md has no part `## Unreleased` with something in it")
    today = datetime.now(UTC).date().isoformat()
    changelog.write_text(text.replace(_UNRELEASED, f"{_UNRELEASED}\n## {version} – {today}\n", 1), encoding="utf-8")
    for name, pattern in PLACES.items():
        path = root / name
        path.write_text(_with_version(path.read_text(encoding="utf-8"), pattern, version), encoding="utf-8")


def check(root: Path, version: str) -> None:
    """Raises Refused."""
    wrong = list(_others(root, version))
    if _part((root / "CHANGELOG.md").read_text(encoding="utf-8"), version) is None:
        wrong.append(f"CHANGELOG.md: has no part `## {version}`")
    if wrong:
        raise Refused("\n".join(wrong))


def notes(root: Path, version: str) -> None:
    """Raises Refused."""
    part = _part((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if part is None:
        raise Refused(f"CHANGELOG.md has no part `## {version}`")
    print(part)


def _others(root: Path, version: str) -> Iterator[str]:
    for name, pattern in PLACES.items():
        found = re.findall(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        if not found:
            yield f"{name}: names no version"
        yield from (f"{name}: names {other}" for other in found if other != version)


def _with_version(text: str, pattern: str, version: str) -> str:
    def renamed(match: re.Match[str]) -> str:
        start, end = match.start(1) - match.start(), match.end(1) - match.start()
        return match[0][:start] + version + match[0][end:]

    return re.sub(pattern, renamed, text, flags=re.MULTILINE)


def _part(changelog: str, name: str) -> str | None:
    """None where there is no such part, or nothing in it."""
    match = re.search(rf"^## {re.escape(name)}(?: – [\d-]+)?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return (match[1].strip() or None) if match else None


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[Path, str], None] = {"write": write, "check": check, "notes": notes}[options.command]
    try:
        command(options.root, options.version)
    except Refused as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    return 0


def _version(text: str) -> str:
    if not re.fullmatch(_NUMBER, text):
        raise argparse.ArgumentTypeError("must be NUMBER.NUMBER.NUMBER, such as 0.2.0")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=("write", "check", "notes"))
    parser.add_argument("version", type=_version)
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
