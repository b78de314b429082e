"""What is general says no resource's name: a second kind of thing then needs no change there."""

from __future__ import annotations

import re

import pytest

from tests.docs import ROOT

SPECIAL = ("schemas/", "gateway/resources/", "legacy_client/operations.py")
"""Where the contract's words stand, the core's, and the way between them."""
REASONS = {
    "gateway/api/integrations.py": "the view of the integration action, an endpoint of its own",
    "gateway/api/pages/openapi/integration_operation.py": "that endpoint in the document",
    "gateway/api/routes.py": "the list of the resources",
}
# Words of SQL, HTML, CSS and argparse.
_OTHER_WORDS = re.compile(
    r"transaction|form-action|touch-action|_SubParsersAction|\baction=\"(?:append|store_true)\"", re.IGNORECASE
)
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("gateway", "legacy_client", "schemas")
    for path in (ROOT / package).rglob("*.*")
    if path.suffix in {".py", ".js", ".html", ".css"}
)
GENERAL = [path for path in FILES if not path.startswith(SPECIAL) and path not in REASONS]


@pytest.mark.parametrize("path", GENERAL)
def test_a_general_module_does_not_name_a_resource(path: str) -> None:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if "action" in _OTHER_WORDS.sub("", line).lower()] == []


@pytest.mark.parametrize("path", REASONS)
def test_an_exception_is_still_one(path: str) -> None:
    assert "action" in (ROOT / path).read_text(encoding="utf-8").lower()
