"""What runs compiled is known by its files, and is refused where its source is another."""

from __future__ import annotations

import json
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING

import pytest

from gateway.compiled import RECORD, compiled, digest, refusal

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = EXTENSION_SUFFIXES[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tree in which one of two modules is compiled."""
    package = tmp_path / "legacy_client" / "health"
    package.mkdir(parents=True)
    for name in ("gate", "limit"):
        (package / f"{name}.py").write_text(f"NAME = '{name}'\n")
    (package / f"gate{SUFFIX}").touch()
    (tmp_path / RECORD).write_text(
        json.dumps({"legacy_client.health.gate": digest(tmp_path, "legacy_client.health.gate")})
    )
    return tmp_path


def test_a_tree_without_libraries_runs_as_python(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "batches.py").touch()

    assert (list(compiled(tmp_path)), refusal(tmp_path)) == ([], "")


def test_what_is_compiled_from_its_source_runs(folder: Path) -> None:
    assert (list(compiled(folder)), refusal(folder)) == (["legacy_client.health.gate"], "")


def test_a_library_for_another_python_is_not_loaded_and_so_not_told(folder: Path) -> None:
    (folder / "legacy_client" / "health" / "limit.cpython-27-x86_64-linux-gnu.so").touch()

    assert list(compiled(folder)) == ["legacy_client.health.gate"]


def test_a_source_that_was_changed_since_is_refused_by_name(folder: Path) -> None:
    (folder / "legacy_client" / "health" / "gate.py").write_text("NAME = 'another'\n")

    assert refusal(folder) == (
        "compiled from another source: legacy_client.health.gate; compile again (make compiled), or run from a folder "
        "without compiled modules"
    )


def test_a_source_that_is_gone_is_refused(folder: Path) -> None:
    (folder / "legacy_client" / "health" / "gate.py").unlink()

    assert "legacy_client.health.gate" in refusal(folder)


@pytest.mark.parametrize("record", [None, "", "[]", "{}"])
def test_a_library_without_a_record_is_refused(folder: Path, record: str | None) -> None:
    (folder / RECORD).unlink()
    if record is not None:
        (folder / RECORD).write_text(record)

    assert "legacy_client.health.gate" in refusal(folder)
