"""What is compiled, and that the image's stage has all that it needs for it."""

from __future__ import annotations

import re
from pathlib import Path

import mypyc
import pytest

from deploy.compiled import MODULES

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGE = DOCKERFILE.partition(" AS compile\n")[2].partition("\nFROM ")[0]


@pytest.mark.parametrize("name", MODULES)
def test_each_module_that_is_compiled_has_a_source(name: str) -> None:
    assert ROOT.joinpath(*name.split(".")).with_suffix(".py").is_file()


def test_modules_are_named_once_and_in_order() -> None:
    assert list(MODULES) == sorted(set(MODULES))


def test_the_image_has_both_forms_of_the_same_tree_and_is_started_in_the_one_of_python() -> None:
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    of_the_tree = r"^COPY (wsgi\.py|schemas|legacy_client|gateway) "

    assert re.findall(of_the_tree, STAGE, re.MULTILINE) == re.findall(of_the_tree, last, re.MULTILINE)
    assert "RUN /opt/compile/bin/python -m deploy.compiled /srv/compiled" in STAGE
    assert re.findall(r"^(?:WORKDIR|COPY --from=compile) .*", last, re.MULTILINE) == [
        "WORKDIR /srv",
        "COPY --from=compile /srv/compiled ./compiled",
    ]


def test_what_the_stage_copies_reaches_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (.*) \S+$", STAGE, re.MULTILINE)

    for path in (path for line in copied for path in line.split()):
        assert any(f"!{place}" in ignored for place in (path, *map(str, Path(path).parents)))


def test_what_is_called_unlikely_is_what_mypyc_declares() -> None:
    """A name that mypyc gives up would be declared for nothing, and no compiler would say so."""
    declaration = r"^(void \w+\()[^)]*\)"
    unlikely = (ROOT / "deploy" / "unlikely.h").read_text(encoding="utf-8")
    its_own = Path(mypyc.__file__).with_name("lib-rt").joinpath("CPy.h").read_text(encoding="utf-8")

    names = re.findall(declaration, unlikely, re.MULTILINE)
    assert len(names) == 5
    assert set(names) <= set(re.findall(declaration, its_own, re.MULTILINE))
