"""gunicorn's settings follow the service's."""

from __future__ import annotations

import importlib
import json
import logging
import os
import socket
import sys
import tempfile

import pytest
from gunicorn.config import Config

from gateway import VERSION, compiled
from gateway.telemetry.logs.format import formatter

ENVIRON = {
    "GATEWAY_CORE_URL": "http://core.test",
    "GATEWAY_KEYCLOAK_URL": "http://keycloak.test",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
}


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Imports the module afresh under an environment, as gunicorn does."""

    def load(**environ):
        given = {f"GATEWAY_{name.upper()}": str(value) for name, value in environ.items()}
        for name, value in (ENVIRON | {"GATEWAY_STATE_DIR": str(tmp_path)} | given).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "gateway.server", raising=False)
        return importlib.import_module("gateway.server")

    # The hook that makes the folder of numbers sets this for the workers; a test must not leave it behind.
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    yield load
    sys.modules.pop("gateway.server", None)


def test_every_name_is_one_that_gunicorn_knows(server):
    settings = Config().settings
    own = {name for name in vars(server()) if not name.startswith("_") and name.islower()}

    assert {"bind", "workers", "worker_class", "graceful_timeout", "limit_request_line"} <= own & set(settings)
    assert server().control_socket_disable is True


def test_a_stopping_worker_has_longer_than_the_longest_request(server):
    module = server(batch_deadline=7)

    assert module.graceful_timeout > 7
    assert server(graceful_timeout=60).graceful_timeout >= 60


def test_several_workers_listen_on_sockets_of_their_own(server):
    assert server(workers=1).reuse_port is False
    assert server(workers=2).reuse_port is True


def test_a_bad_setting_ends_the_start_with_one_line(server, capsys):
    with pytest.raises(SystemExit) as caught:
        server(batch_concurrency="many")

    assert str(caught.value) == "gateway: GATEWAY_BATCH_CONCURRENCY: must be a whole number; it is 'many'"


class Starting:
    """The arbiter, as far as the hook reads it."""

    def __init__(self, *bound):
        self.cfg = Config()
        self.cfg.set("bind", list(bound))


@pytest.mark.parametrize("name", ["required_role", "required_scope"])
def test_a_server_that_asks_for_neither_role_nor_scope_says_so_once(server, caplog, name):
    module = server(metrics="off")
    module.on_starting(Starting(*module.bind))

    [record] = [record for record in caplog.records if record.msg == "access_unrestricted"]
    assert (record.levelname, record.audience) == ("WARNING", "gateway")

    caplog.clear()
    module = server(metrics="off", **{name: "actions:write"})
    module.on_starting(Starting(*module.bind))

    assert caplog.records == []


def test_a_server_without_a_state_folder_names_the_temporary_one_that_it_takes(server, caplog):
    module = server(metrics="off", required_role="writer", state_dir=tempfile.gettempdir() + "/bulk-update-gateway")
    module.on_starting(Starting(*module.bind))

    [record] = caplog.records
    assert (record.levelname, record.msg) == ("WARNING", "state_in_temporary_folder")
    assert record.folder == tempfile.gettempdir() + "/bulk-update-gateway"


def test_a_start_tells_the_version_and_the_settings_in_force_on_one_line(server, caplog, monkeypatch):
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    module = server(metrics="off", required_role="writer", redis_url="redis://:hush@redis.test", log_format="json")

    with caplog.at_level(logging.INFO):
        module.on_starting(Starting(*module.bind))

    [record] = [record for record in caplog.records if record.msg == "server_starting"]
    assert (record.version, record.proxies) == (VERSION, {"core": "none", "keycloak": "none"})
    assert record.settings["GATEWAY_REQUIRED_ROLE"] == "writer"
    line = formatter(as_json=True).format(record)
    assert json.loads(line)["settings"]["GATEWAY_REDIS_URL"] == "…"
    assert "hush" not in line


def test_a_start_says_whether_the_hot_path_runs_compiled(server, caplog):
    module = server(metrics="off", required_role="writer")

    with caplog.at_level(logging.INFO):
        module.on_starting(Starting(*module.bind))

    [record] = [record for record in caplog.records if record.msg == "server_starting"]
    assert record.compiled is bool(compiled.compiled())


def test_what_was_compiled_from_another_source_is_not_started(server, monkeypatch):
    module = server(metrics="off")
    monkeypatch.setattr(module.compiled, "refusal", lambda: "compiled from another source: legacy_client.deadline")

    with pytest.raises(SystemExit, match=r"^gateway: compiled from another source: legacy_client.deadline$"):
        module.on_starting(Starting(*module.bind))


@pytest.mark.parametrize("bind", ["192.0.2.1:8000", "[2001:db8::1]:8000"])
def test_an_address_that_this_host_does_not_have_ends_the_start_with_one_line(server, bind):
    module = server(metrics="off", bind=bind)

    with pytest.raises(SystemExit, match=r"^gateway: GATEWAY_BIND: cannot be listened on"):
        module.on_starting(Starting(bind))


def test_an_address_in_use_is_left_to_the_server_which_waits_for_its_predecessor(server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        module = server(metrics="off", bind=f"127.0.0.1:{taken.getsockname()[1]}")

        module.on_starting(Starting(*module.bind))


def test_an_address_that_the_command_line_overrides_is_not_tried(server):
    server(metrics="off", bind="192.0.2.1:8000").on_starting(Starting("127.0.0.1:0"))


def test_the_server_logs_through_the_services_pipeline(server):
    before = logging.root.handlers[:]
    try:
        logger = server(log_format="json").logger_class(Config())

        assert logger.error_log.handlers == []
        assert logger.error_log.propagate
    finally:
        logging.root.handlers[:] = before


def test_every_bad_setting_has_a_line_that_says_whose_it_is(server):
    with pytest.raises(SystemExit) as caught:
        server(batch_concurrency="many", workers="0")

    assert str(caught.value).split("\n") == [
        "gateway: GATEWAY_BATCH_CONCURRENCY: must be a whole number; it is 'many'",
        "gateway: GATEWAY_WORKERS: must be at least 1 and at most 1024; it is '0'",
    ]


def test_workers_of_the_command_line_are_bounded_too(server):
    allowed = 4 * len(os.sched_getaffinity(0))
    module = server(metrics="off")
    starting = Starting(*module.bind)
    starting.cfg.set("workers", allowed + 1)

    with pytest.raises(SystemExit, match=rf"^gateway: workers: must be at most {allowed}, four for each processor"):
        module.on_starting(starting)

    server(metrics="off", many_workers="true").on_starting(starting)
