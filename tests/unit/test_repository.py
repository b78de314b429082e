"""What a host of repositories shows, and what it runs there, is that of this repository."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.docs import PAGES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = ROOT / ".github"
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.name != "config.yml"]


def parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_readme_begins_with_what_it_is_and_the_two_commands() -> None:
    head = README.splitlines()[:12]

    assert [line for line in head if line.startswith("make ")] == [
        line for line in README.splitlines() if re.match(r"make (demo|test) ", line)
    ]
    assert "git clone " in README


def test_the_table_of_others_has_as_many_cells_in_each_row() -> None:
    rows = README.partition("### Beside the others")[2].partition("\nThey go together")[0].splitlines()
    counts = {len(re.split(r"(?<!\\)\|", row)) for row in rows if row.startswith("|")}

    assert counts == {9}


def test_the_readme_says_that_there_is_no_licence_while_there_is_none() -> None:
    there = [path.name for path in ROOT.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))]

    assert bool(there) != ("There is none yet" in README)


@pytest.mark.parametrize("page", sorted(GITHUB.glob("*.md")), ids=lambda page: page.name)
def test_every_link_of_a_page_of_the_host_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))

    assert [to for to in targets if "://" not in to and not (page.parent / to).exists()] == []


def test_a_change_is_decided_by_the_same_command_as_everywhere() -> None:
    for path in WORKFLOWS:
        commands = [step.get("run", "") for job in parsed(path)["jobs"].values() for step in job["steps"]]
        assert any(command.endswith(".ci/run") for command in commands), path.name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_gets_no_more_rights_than_it_says_and_keeps_no_token(path: Path) -> None:
    workflow = parsed(path)
    checkouts = [
        step
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    ]

    assert workflow["permissions"] == {"contents": "read"}
    assert checkouts
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_text_of_an_event_is_put_into_a_command(path: Path) -> None:
    commands = [step.get("run", "") for job in parsed(path)["jobs"].values() for step in job["steps"]]

    assert [command for command in commands if "${{" in command] == []


def test_the_versions_of_python_are_those_that_are_supported() -> None:
    matrix = parsed(GITHUB / "workflows" / "ci.yml")["jobs"]["run"]["strategy"]["matrix"]["python"]

    assert matrix[0] == "3.11"
    assert "python_requires = >=3.11" in (ROOT / "setup.cfg").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_is_one_that_the_host_takes(path: Path) -> None:
    form = parsed(path)
    fields = [field for field in form["body"] if field["type"] != "markdown"]

    assert set(form) == {"name", "description", "labels", "body"}
    assert {field["type"] for field in form["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_what_is_looked_at_before_a_commit_is_what_make_runs() -> None:
    [own] = parsed(GITHUB / "pre-commit-config.yaml")["repos"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")

    assert own["repo"] == "local"
    for hook in own["hooks"]:
        assert hook["language"] == "system"
        program, *words = [word for word in shlex.split(hook["entry"]) if word != "--force-exclude"]
        assert " ".join((program, *words)) in makefile
        if "files" in hook:
            assert re.compile(hook["files"]).match("gateway/")


def test_every_page_of_the_site_is_reached_from_the_first() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    guides = [page for page in PAGES if page.parent.name in {"partners", "operators", "maintainers"}]

    assert [page.name for page in guides if page.name not in index] == []
