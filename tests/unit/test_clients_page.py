"""What the page of clients shows is what the long suite runs: the same options, and lines of the same programs."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.clients.generated import OPENAPI_GENERATOR, PROGRAMS
from tests.clients.tools import GENERATOR
from tests.docs import DOCS, blocks

PAGE = "partners/clients.md"
TEXT = (DOCS / PAGE).read_text(encoding="utf-8")
FENCES = {
    "python": ("python", "httpx"),
    "ts": ("axios", "fetch"),
    "java": ("java",),
    "go": ("go",),
    "csharp": ("csharp",),
}


def shown(fence):
    return [block.text for block in blocks(fence) if block.page == PAGE]


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_generator_is_told_what_the_tests_tell_it():
    told = [shlex.split(text)[4:] for text in shown("sh") if text.startswith("openapi-generator ")]

    assert sorted(told) == sorted(list(options) for options in OPENAPI_GENERATOR.values())


def test_the_generator_has_the_version_of_the_tests():
    assert re.findall(r"jar` ([\d.]+),", TEXT) == [GENERATOR]


@pytest.mark.parametrize(
    ("fence", "number"), [(fence, n) for fence, names in FENCES.items() for n in range(len(names))]
)
def test_each_line_of_a_program_is_one_of_the_program_that_the_tests_build_and_run(fence, number):
    [source] = (path for path in (PROGRAMS / FENCES[fence][number]).iterdir() if path.suffix not in {".mod", ".yaml"})
    program = lines(source.read_text(encoding="utf-8"))

    assert [line for line in lines(shown(fence)[number]) if line not in program] == []


def test_the_file_of_openapi_python_client_is_the_one_of_the_tests():
    assert shown("yaml") == [(PROGRAMS / "httpx" / "generator.yaml").read_text(encoding="utf-8")]


def test_every_program_of_the_tests_is_shown():
    assert sorted(name for names in FENCES.values() for name in names) == sorted(
        path.name for path in PROGRAMS.iterdir()
    )
    assert all(len(shown(fence)) == len(names) for fence, names in FENCES.items())
