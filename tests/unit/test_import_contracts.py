"""A contract that keeps a library to a few modules names all the others, those that come later too. The layers are shown as they are."""

from __future__ import annotations

from configparser import ConfigParser
from typing import TYPE_CHECKING

import pytest

from tests.docs import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MAY = {
    "flask": ("gateway.api",),
    "gevent": ("gateway.serving", "legacy_client.transport.hub"),
    "requests": ("gateway.auth.keycloak.client",),
    "celery": ("gateway.jobs.dispatch.celery",),
    "terminal": ("cli.commands",),
}
"""Which modules may import what a contract is about."""


def source_modules(contract: str) -> list[str]:
    contracts = ConfigParser()
    contracts.read(ROOT / "setup.cfg", encoding="utf-8")
    return contracts[f"importlinter:contract:{contract}"]["source_modules"].split()


def modules(packages: set[str]) -> Iterator[str]:
    """With code in them, so without those that only hold others."""
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "__init__.py":
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def is_in(module: str, packages: list[str] | tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("contract", MAY)
def test_a_library_is_forbidden_to_every_module_but_those_that_may_have_it(contract: str) -> None:
    named = source_modules(contract)
    packages = {module.partition(".")[0] for module in named}
    free = [module for module in modules(packages) if not is_in(module, named)]

    assert [module for module in free if not is_in(module, MAY[contract])] == []
    assert [module for module in named if is_in(module, MAY[contract])] == []


@pytest.mark.parametrize(
    ("contract", "package"), [("layers", "gateway"), ("client", "legacy_client"), ("command", "cli")]
)
def test_the_page_about_the_house_shows_the_layers_that_are_checked(contract: str, package: str) -> None:
    contracts = ConfigParser()
    contracts.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = contracts[f"importlinter:contract:{contract}"]["layers"].strip().splitlines()
    page = (ROOT / "docs/maintainers/house.md").read_text(encoding="utf-8").splitlines()

    assert f"{package}:  {' → '.join(map(str.strip, layers))}" in page
