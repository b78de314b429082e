from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask

import gateway.api.pages.status
from gateway.api.pages.status import blueprint
from gateway.telemetry.instruments import Instruments
from gateway.telemetry.metrics.table import METRICS
from tests.doubles.telemetry import a_mixed_batch

FOLDER = Path(gateway.api.pages.status.__file__).parent / "static" / "status"
ASSETS = sorted({path.name for path in FOLDER.iterdir()} - {"index.html"})


@pytest.fixture
def instruments() -> Instruments:
    return Instruments(metrics=True, traces=False, version="1.2.3", clock=lambda: 1_700_000_000.0)


@pytest.fixture
def app(instruments: Instruments) -> Flask:
    app = Flask(__name__)
    app.register_blueprint(blueprint(instruments.numbers))
    return app


def test_the_data_are_the_metrics_at_a_point_in_time(app: Flask, instruments: Instruments) -> None:
    instruments.telemetry.batch_ended(a_mixed_batch())

    answer = app.test_client().get("/status/data")

    assert answer.headers["Cache-Control"] == "no-store"
    document = json.loads(answer.data)
    assert document["time"] == 1_700_000_000.0
    assert [{"outcome": "applied", "code": "ok"}, 2.0] in document["samples"]["gateway_items_total"]


@pytest.mark.parametrize("hidden", [True, False])
def test_the_data_say_whether_a_trail_is_hidden(instruments: Instruments, hidden: bool) -> None:
    app = Flask(__name__)
    app.register_blueprint(blueprint(instruments.numbers, hides_audit=hidden))

    document = json.loads(app.test_client().get("/status/data").data)

    assert (document["audit"], document["audit_hidden"]) == (False, hidden)


def test_the_history_is_given_as_it_was_kept(instruments: Instruments) -> None:
    app = Flask(__name__)
    app.register_blueprint(blueprint(instruments.numbers, history=lambda: [b'{"time":1}', b'{"time":2}']))

    answer = app.test_client().get("/status/history")

    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.data) == {"snapshots": [{"time": 1}, {"time": 2}]}


def test_where_nothing_is_kept_the_history_is_empty(app: Flask) -> None:
    assert json.loads(app.test_client().get("/status/history").data) == {"snapshots": []}


def test_the_page_has_one_address_to_which_its_links_are_relative(app: Flask) -> None:
    assert app.test_client().get("/status/index.html").status_code == 404


@pytest.mark.parametrize("path", ["/status", *(f"/status/{name}" for name in ASSETS)])
def test_the_page_may_load_and_ask_nothing_but_the_service_itself(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)

    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert not any("unsafe" in rule or "http" in rule for rule in policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.js", "..%2fdocs.py", "status.js~", ".."])
def test_only_the_pages_own_files_are_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/status/{name}").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/status", "/status/data", "/status/history"])
def test_the_page_only_reads(app: Flask, method: str, path: str) -> None:
    assert app.test_client().open(path, method=method).status_code == 405


def test_the_page_holds_no_inline_script_or_style_and_names_no_other_host() -> None:
    page = (FOLDER / "index.html").read_text(encoding="utf-8")

    assert not re.search(r"<style|\bstyle=|\bon\w+=|<script(?![^>]*\bsrc=)|//\w", page)


def test_every_metric_that_the_page_draws_exists() -> None:
    scripts = " ".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js"))
    names = set(re.findall(r"gateway_[a-z_]+[a-z]", scripts))

    assert names
    assert names <= {spec.name for spec in METRICS}
