"""Postman's and Bruno's own runners send each request of the collections in their order, and the service answers as told."""

from __future__ import annotations

import json
import subprocess

import pytest

from gateway.reference import bruno, postman
from sandbox.core.seed import identifier
from sandbox.identity.realm import CLIENTS, REALM
from sandbox.stack import Stack
from tests.clients.tools import Unavailable, program, tool
from tests.docs import DOCS

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(300)]

FOLDER = DOCS / "reference"
# Of a job, only its own state decides whether it can be paused and the like: each has ended, or ends just then.
ANSWERS = {
    "Get a token": {200},
    "Update many actions": {200},
    "Look up a batch by its key": {200},
    "Make a job": {201},
    "List jobs": {200},
    "Look at a job": {200},
    "Send a part": {204},
    "Start a job": {202},
    "Pause a job": {200, 409},
    "Resume a job": {200, 409},
    "Retry what a job left": {202, 409},
    "Read what became of each item": {200},
    "Cancel or remove a job": {202, 204},
    "What a batch and a job may hold": {200},
    "Replace an integration's action": {200},
}


@pytest.fixture
def given():
    """The variables that a partner sets, of a running service."""
    with Stack(job_workers=1) as stack:
        yield {
            "gateway": stack.gateway.url,
            "keycloak": stack.identity.url,
            "realm": REALM,
            "clientId": "partner",
            "clientSecret": CLIENTS["partner"].secret,
            "apiKey": stack.api_key(),
            "integrationId": identifier("CRM"),
            "actionId": identifier("CRM/Get User Data"),
        }


def ran(folder, *command):
    return subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )


def runner(name):
    try:
        return program("node"), tool(f"node/node_modules/.bin/{name}")
    except Unavailable as exc:
        pytest.skip(str(exc))


def test_newman_runs_the_collection_of_postman(given, tmp_path):
    variables = [part for name, value in given.items() for part in ("--env-var", f"{name}={value}")]
    report = ("--reporters", "json", "--reporter-json-export", tmp_path / "report.json")

    ended = ran(tmp_path, *runner("newman"), "run", FOLDER / postman.FILE, *variables, *report)

    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    run = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["run"]
    codes = {one["item"]["name"]: one["response"]["code"] for one in run["executions"]}
    assert (run["failures"], wrong(codes)) == ([], {})


def test_bru_runs_the_collection_of_bruno(given, tmp_path):
    variables = [part for name, value in given.items() for part in ("--env-var", f"{name}={value}")]
    report = ("--reporter-json", tmp_path / "report.json")

    ended = ran(FOLDER / bruno.FOLDER, *runner("bru"), "run", "-r", "--env", "service", *variables, *report)

    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    [run] = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert wrong({one["name"]: one["response"]["status"] for one in run["results"]}) == {}


def test_bruno_reads_every_example(tmp_path):
    node, _ = runner("bru")
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    (tmp_path / "read.js").write_text(READ, encoding="utf-8")

    ended = ran(tmp_path, node, "read.js", FOLDER / bruno.FOLDER)

    assert ended.returncode == 0, ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    of_postman = json.loads((FOLDER / postman.FILE).read_text(encoding="utf-8"))
    expected = {
        item["name"]: [[answer["name"], answer["code"], answer["body"].rstrip()] for answer in item["response"]]
        for folder in of_postman["item"][1:]
        for item in folder["item"]
    }
    assert told == expected


READ = """
const fs = require('fs'), path = require('path'), { bruToJsonV2 } = require('@usebruno/lang');
const told = {};
for (const file of fs.readdirSync(process.argv[2], { recursive: true })) {
  if (!/[/]/.test(file) || !/[.]bru$/.test(file) || /folder.bru$|^environments|^Access/.test(file)) continue;
  const { meta, examples } = bruToJsonV2(fs.readFileSync(path.join(process.argv[2], file), 'utf8'));
  told[meta.name] = (examples || []).map(
    (e) => [e.name, Number(e.response.status), ((e.response.body || {}).content || '').trimEnd()]);
}
console.log(JSON.stringify(told));
"""


def wrong(codes):
    """Requests that were not sent, or answered otherwise, with their code."""
    return {name: codes.get(name) for name, allowed in ANSWERS.items() if codes.get(name) not in allowed}
