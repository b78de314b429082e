"""A release names its version everywhere, and its part of the changelog can be had."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from deploy.release import PLACES, ROOT, main
from gateway import VERSION

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files that name the version, to write to."""
    for name in (*PLACES, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(command: str, version: str, tree: Path) -> int:
    return main([command, version, "--root", str(tree)])


def test_every_place_names_the_version_of_the_service(tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## {VERSION} – 2026-01-01\n\n- It is there.\n", encoding="utf-8"
    )

    assert run("check", VERSION, tree) == 0


def test_a_new_version_is_written_everywhere_and_the_changelog_begins_anew(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (tree / "CHANGELOG.md").read_text(encoding="utf-8")

    assert run("check", "7.8.9", tree) == 1
    assert run("write", "7.8.9", tree) == 0
    assert run("check", "7.8.9", tree) == 0

    assert 'VERSION = "7.8.9"' in (tree / "gateway/__init__.py").read_text(encoding="utf-8")
    after = (tree / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert len(after) == len(before.splitlines()) + 2
    at = after.index("## Unreleased")
    assert after[at + 2].startswith("## 7.8.9 – 20")
    capsys.readouterr()
    assert run("notes", "7.8.9", tree) == 0
    assert capsys.readouterr().out.startswith("### ")


def test_what_names_another_version_is_told_line_by_line(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("write", "7.8.9", tree)
    setup = tree / "setup.cfg"
    setup.write_text(setup.read_text(encoding="utf-8").replace("version = 7.8.9", "version = 7.8.8"), encoding="utf-8")

    assert run("check", "7.8.9", tree) == 1
    assert capsys.readouterr().err == "error: setup.cfg: names 7.8.8\n"


def test_a_release_without_anything_new_is_refused(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 0.1.0 – 2026-01-01\n\n- It is there.\n", encoding="utf-8"
    )

    assert run("write", "7.8.9", tree) == 1
    assert "Unreleased" in capsys.readouterr().err
    assert VERSION in (tree / "setup.cfg").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", ["1", "v1.2.3", "1.2.3-rc1"])
def test_a_version_has_three_numbers(tree: Path, version: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run("check", version, tree)

    assert ended.value.code == 2
