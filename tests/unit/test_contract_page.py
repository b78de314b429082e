"""The contract as a page: whoever names a section finds it, and what is said to be missing is."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from gateway.admission.idempotency import sqlite_rows as idempotency_rows
from gateway.admission.rates import sqlite_rates
from gateway.api.lines import MOST_UNSENT_BYTES
from gateway.api.stream import HEARTBEAT_SECONDS
from gateway.jobs.job import MOST_PARTS
from gateway.jobs.sqlite import layout as job_layout
from gateway.serving.streamed import PIECE_BYTES
from gateway.settings.jobs import JobSettings
from gateway.wiring.jobs import job_bounds
from schemas.integrations import InputFieldSchema, OptionSchema
from tests.docs import DOCS, ROOT
from tests.doubles.service import Service

PAGE = (DOCS / "contract.md").read_text(encoding="utf-8")
SECTIONS = set(re.findall(r"^#+ (\d(?:\.\d)?)\.? ", PAGE, re.MULTILINE))
_NAMED = re.compile(r"contract(?:\.md``)? (?:section )?(\d(?:\.\d)?)(?:'s|\b)(?: and (?:section )?(\d(?:\.\d)?))?")
FILES = [
    path
    for package in ("gateway", "legacy_client", "schemas", "sandbox", "tests", "docs")
    for pattern in ("*.py", "*.md")
    for path in (ROOT / package).rglob(pattern)
]
BATCH = {"data": [{"actionId": "19353", "status": "active"}]}
BULK = "/openapi/api/v1/actions"


def named():
    for path in FILES:
        for match in _NAMED.finditer(path.read_text(encoding="utf-8")):
            yield from ((path.relative_to(ROOT).as_posix(), section) for section in match.groups() if section)


def test_every_section_that_is_named_is_one():
    found = set(named())

    assert {section for _, section in found} >= {"1.2", "1.3", "1.4", "1.5", "2", "3", "4", "5"}
    assert [(path, section) for path, section in sorted(found) if section not in SECTIONS] == []


@pytest.fixture
def service(tmp_path):
    with closing(Service(tmp_path)) as made:
        yield made


def test_the_bounds_of_a_stream_are_told():
    [told] = re.findall(r"^- \*\*Streaming\*\*.*?(?=^- )", PAGE, re.MULTILINE | re.DOTALL)

    assert f"{MOST_UNSENT_BYTES // 1024} KiB wait" in told
    assert f"{PIECE_BYTES // 1024} KiB in `ANSWER_TIMEOUT`" in told
    assert f"{HEARTBEAT_SECONDS:g} s of silence" in told


def test_an_asynchronous_answer_is_given_only_where_jobs_can_be_had_as_the_page_says(service):
    headers = {"Authorization": "Bearer good", "Prefer": "respond-async"}

    assert service.app.test_client().patch(BULK, json=BATCH, headers=headers).status_code == 200
    assert "It is ignored, and the batch answered as ever, where `CORE_AUTH=forward`" in PAGE


def test_the_bounds_of_jobs_are_told():
    [told] = re.findall(r"^- Bounds: .*$", PAGE, re.MULTILINE)
    bounds = job_bounds(JobSettings())

    assert f"`MAX_JOB_ITEMS` ({bounds.job_items:,}) and {MOST_PARTS:,} parts" in told
    assert f"{bounds.live_jobs} live jobs a caller and {bounds.uploading_jobs} of all" in told
    assert (bounds.idle_seconds, bounds.keep_seconds) == (3600, 7 * 86_400)


@pytest.mark.parametrize("page", ["contract.md", "partners/integration-action.md"])
def test_the_limits_of_options_are_told(page):
    (row,) = re.findall(r"^\| `options` \|.*$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    most = InputFieldSchema().fields["options"].most
    longest = {field.metadata["maxLength"] for field in OptionSchema().fields.values()}

    assert {f"{most:,}", *map(str, longest)} <= set(re.findall(r"[\d,]*\d", row))


def test_the_versions_of_the_state_files_are_told():
    page = (DOCS / "operators" / "upgrade.md").read_text(encoding="utf-8")
    versions = {
        "jobs": job_layout.LAYOUT.version,
        "idempotency": idempotency_rows.LAYOUT.version,
        "rates": sqlite_rates._LAYOUT.version,
    }

    assert {name: int(number) for name, number in re.findall(r"`(\w+)\.sqlite` (\d+)\b", page)} == versions
