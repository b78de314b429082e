"""Spectral, with OpenAPI's and OWASP's rules, and Redocly find nothing; what does not apply is named in their settings."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing

import pytest
import yaml

from gateway.api.routes import RESOURCES
from gateway.wiring.app import create_app
from tests.clients.tools import HERE, Unavailable, tool
from tests.clients.unbounded import overrides
from tests.doubles.service import Service
from tests.e2e.documents.resource import documents

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

LINTERS = {
    "spectral": ("lint", "--fail-severity", "hint", "--ruleset", "spectral.yaml"),
    "redocly": ("lint", "--max-problems", "1000", "--config", "redocly.yaml"),
}


@pytest.fixture
def lint(tmp_path):
    """``lint(name, document)`` is how the linter ended; it must be here."""

    def lint(name, document):
        try:
            linter = tool(f"node/node_modules/.bin/{name}")
            (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
        except Unavailable as exc:
            pytest.skip(str(exc))
        (tmp_path / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
        rules = yaml.safe_load((HERE / "spectral.yaml").read_text(encoding="utf-8"))
        # JSON is YAML.
        (tmp_path / "spectral.yaml").write_text(json.dumps({**rules, "overrides": overrides(document)}))
        (tmp_path / "redocly.yaml").write_bytes((HERE / "redocly.yaml").read_bytes())
        return subprocess.run(
            [linter, *LINTERS[name], "openapi.json"], cwd=tmp_path, capture_output=True, text=True, timeout=100
        )

    return lint


@pytest.mark.parametrize("name", LINTERS)
def test_the_linter_finds_nothing(name, lint, document):
    ran = lint(name, json.loads(document))

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", LINTERS)
def test_it_finds_nothing_in_a_new_resource_either(name, lint, document_with_another_resource):
    ran = lint(name, document_with_another_resource)

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("component", "bound"), [("ActionUpdate", "partner_ids"), ("LongTexts", "en"), ("DocumentUpdate", "priority")]
)
def test_a_bound_that_a_request_lacks_is_found(component, bound, lint, document_with_another_resource):
    schema = document_with_another_resource["components"]["schemas"][component]["properties"][bound]
    for name in ("maxItems", "maxLength", "maximum"):
        schema.pop(name, None)

    ran = lint("spectral", document_with_another_resource)

    assert ran.returncode != 0
    assert f"components.schemas.{component}.properties.{bound}" in ran.stdout


@pytest.fixture
def document_with_another_resource(tmp_path):
    with closing(Service(tmp_path)) as service:
        app = create_app(service.settings, service.backends, (*RESOURCES, documents))
        return app.test_client().get("/openapi.json").get_json()
