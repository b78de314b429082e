"""What the docs say is so: their JSON is the contract's, their programs compile, and nothing is named that is not there."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import textwrap
from contextlib import closing

import pytest

import gateway
from gateway import keys
from gateway.api.route import Route
from gateway.audit import __main__ as audit
from gateway.partners import __main__ as partners
from gateway.partners.partner import read_partners
from gateway.problems import PROBLEM_TYPES
from gateway.settings import all_settings
from schemas.actions import ActionSchema, ActionUpdateSchema
from schemas.answers import kept_batch_schema, limits_schema
from schemas.batch_loader import BatchLoader
from schemas.integrations import IntegrationActionAnswerSchema, load_integration_action
from tests import exact
from tests.docs import DOCS, PAGES, ROOT, blocks
from tests.doubles.service import Service

EVERY_PAGE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
# `x.py`, `test_x.py` and `x/` stand for what is still to be written.
_FILE = re.compile(
    r"`((?:gateway|legacy_client|schemas|sandbox|tests|bench|deploy)/(?:(?!x/)[\w.-]+/)*(?!(?:test_)?x\.)[\w-]*\.?\w*)`"
)
KEYS_PAGES = EVERY_PAGE + (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
LOADERS = {
    "batch": lambda document: list(
        BatchLoader(ActionUpdateSchema(languages=("en", "fr")), 1_000, lambda: None).items(document)
    ),
    "integration action": load_integration_action,
}
METHOD_PAGE = "maintainers/add-an-auth-method.md"
RESOURCE_PAGE = "maintainers/add-a-resource.md"
NEW_RESOURCE = {"schemas/documents.py": "schema.py", "gateway/resources/documents.py": "resource.py"}
ANSWERS = {
    "200": exact.UpdatedSchema,
    "200, dry run": exact.DryRunSchema,
    "200, integration action": IntegrationActionAnswerSchema,
    "200, limits": limits_schema(["actions"]),
    "200, kept batch": kept_batch_schema(ActionSchema, exact.ItemErrorSchema),
    "207": exact.PartlyUpdatedSchema,
    "400": exact.ValidationProblemSchema,
    "item error": exact.ItemErrorSchema,
    "problem": exact.ProblemSchema,
}


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_what_the_service_takes_or_gives(block):
    document = json.loads(block.text)

    if block.title in LOADERS:
        LOADERS[block.title](document)
    elif block.title or block.page.startswith("partners/"):
        assert ANSWERS[block.title]().validate(document) == {}


def test_each_shape_of_the_contract_is_shown():
    assert {block.title for block in blocks("json")} >= LOADERS.keys() | ANSWERS.keys()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_compiles(block):
    compile(block.text, str(block), "exec")


def shown_on_the_page_of_resources(title):
    [shown] = [block.text for block in blocks("python") if (block.page, block.title) == (RESOURCE_PAGE, title)]
    return shown


@pytest.mark.parametrize(("title", "file"), NEW_RESOURCE.items())
def test_a_new_resource_is_made_on_its_page_as_in_the_test_that_runs_it(title, file):
    shown = shown_on_the_page_of_resources(title)
    run = (ROOT / "tests/e2e/documents" / file).read_text(encoding="utf-8")

    assert shown == run.replace("tests.e2e.documents.schema", "schemas.documents")


def test_the_entry_in_the_sandbox_is_told_as_the_test_runs_it():
    shown = shown_on_the_page_of_resources("sandbox/core/collections.py")

    rows = shown_on_the_page_of_resources("sandbox/core/seed.py")
    run = (ROOT / "tests/e2e/documents/core.py").read_text(encoding="utf-8")

    assert "    seed.documents,\n" in shown
    assert textwrap.indent(shown.rstrip(), "    ").replace("seed.documents", "documents") in run
    assert rows in run


def test_the_entry_in_the_routes_is_told_as_it_is_written_however_many_there_are():
    declared, shown = "RESOURCES: Sequence[MakeResource] = (", shown_on_the_page_of_resources("gateway/api/routes.py")
    routes = (ROOT / "gateway/api/routes.py").read_text(encoding="utf-8")
    present = routes.partition(declared)[2].partition(")")[0]

    assert shown == f"{declared}actions, documents)\n"
    assert present.split(",")[0] == "actions"


def test_a_test_of_a_new_resource_is_shown_as_it_is_run():
    shown = shown_on_the_page_of_resources("tests/api/test_x.py")

    assert shown in (ROOT / "tests/api/test_another_resource.py").read_text(encoding="utf-8")


def test_a_new_auth_method_is_made_on_its_page_as_in_the_test_that_runs_it():
    made, listed, built = [block.text for block in blocks("python") if block.page == METHOD_PAGE]
    present = listed.strip().replace("*signed_requests(settings), ", "")

    assert made == (ROOT / "tests/api/signed_requests.py").read_text(encoding="utf-8")
    assert built in (ROOT / "tests/api/test_another_method.py").read_text(encoding="utf-8")
    assert present in (ROOT / "gateway/wiring/access.py").read_text(encoding="utf-8")


@pytest.fixture
def routes(tmp_path):
    with closing(Service(tmp_path, {"GATEWAY_STATUS_PAGE": "true"})) as service:
        return {rule.rule for rule in service.app.url_map.iter_rules()}


def test_every_route_is_described(routes):
    shown = {re.sub("<slug>", "{type}", route) for route in routes}
    shown = {route if "/<name>" in route else Route("", (route,), frozenset()).paths[0] for route in shown}

    assert {route for route in shown if route not in EVERY_PAGE} == {"/docs/<name>", "/pages/<name>", "/status/<name>"}


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_every_curl_goes_to_a_route(block, routes):
    patterns = [re.compile(re.sub("<.*?>", "[^/]+", route)) for route in routes]

    for path in re.findall(r"\$GATEWAY([^\"?]*)", block.text):
        assert any(pattern.fullmatch(path) for pattern in patterns), path


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"\bmake ([a-z][a-z-]+)(?=`|\s*#|\s*$)", EVERY_PAGE, re.MULTILINE)))
)
def test_every_make_command_is_one(command):
    assert re.search(rf"^{command}:.*##", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("command", re.findall(r"^python -m gateway\.keys ([^>\n]*)", KEYS_PAGES, re.MULTILINE))
def test_every_keys_command_is_one(command):
    assert keys._parser().parse_args(shlex.split(command)).command


@pytest.mark.parametrize("command", re.findall(r"^python -m gateway\.audit ([^>\n]*)", EVERY_PAGE, re.MULTILINE))
def test_every_audit_command_is_one(command):
    assert audit._parser().parse_args(shlex.split(command)).item is not None


@pytest.mark.parametrize("command", re.findall(r"^python -m gateway\.partners ([^>\n]*)", EVERY_PAGE, re.MULTILINE))
def test_every_partners_command_is_one(command):
    assert partners._parser().parse_args(shlex.split(command)).command


def test_the_file_of_partners_is_one():
    [shown] = [block.text for block in blocks("toml") if block.page == "operators/partners.md"]

    assert list(read_partners(shown)) == ["acme", "old-crm", "new-crm"]


def test_every_status_of_an_error_has_a_row():
    rows = re.findall(r"^\| (\d{3}) \|", (DOCS / "partners" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert set(map(int, rows)) >= {kind.status for kind in PROBLEM_TYPES.values()} | {200, 207}
    assert rows == sorted(rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))

    assert [to for to in targets if "://" not in to and not (page.parent / to).exists()] == []


def test_every_hop_of_the_map_exists():
    hops = re.findall(r"([a-z_/]+)\.py:([\w.]+)", gateway.__doc__)

    assert len(hops) >= 8
    for file, name in hops:
        package = file.replace("/", ".")
        found = importlib.import_module(package if package.startswith("schemas.") else f"gateway.{package}")
        for part in name.split("."):
            found = getattr(found, part)


@pytest.mark.parametrize("path", sorted(set(_FILE.findall(EVERY_PAGE))))
def test_every_file_that_is_named_exists(path):
    assert (ROOT / path).exists()


def test_every_setting_that_is_named_is_one():
    known = set(re.findall(r"`(GATEWAY_[A-Z_]+)`", (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")))
    named = set(re.findall(r"`(GATEWAY_[A-Z_]+[A-Z])(?:=\w+)?`", EVERY_PAGE))

    assert named <= known


@pytest.mark.parametrize("name", [setting.name.upper() for setting in all_settings()])
def test_a_guide_explains_every_setting(name):
    written = [page for page in PAGES if DOCS / "reference" not in page.parents]
    guides = "\n".join(page.read_text(encoding="utf-8") for page in written)

    assert re.search(rf"`[^`\n]*\b(GATEWAY_)?{name}\b[^`\n]*`|GATEWAY_{name}\b", guides)
