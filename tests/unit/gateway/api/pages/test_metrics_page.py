from __future__ import annotations

import socket
from contextlib import closing

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client

from gateway.api.pages.metrics_page import OwnPort, blueprint
from gateway.telemetry.metrics.registry import Metrics


def _app(name: str) -> Flask:
    app = Flask(name)
    app.add_url_rule("/", view_func=lambda: name)
    return app


@pytest.fixture
def client() -> Client:
    return Client(OwnPort(_app("public"), _app("operators"), 9090))


def test_metrics_are_shown_in_the_text_format() -> None:
    app = Flask(__name__)
    app.register_blueprint(blueprint(Metrics().render))

    answer = app.test_client().get("/metrics")

    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "gateway_items" in {family.name for family in text_string_to_metric_families(answer.text)}


@pytest.mark.parametrize(("port", "shown"), [("9090", "operators"), ("8000", "public")])
def test_the_port_decides_what_is_shown(client: Client, port: str, shown: str) -> None:
    assert client.get("/", environ_overrides={"SERVER_PORT": port}).text == shown


def test_behind_a_unix_socket_the_host_header_opens_no_door(client: Client) -> None:
    public, _other = socket.socketpair(socket.AF_UNIX)

    with closing(public), closing(_other):
        answer = client.get("/", environ_overrides={"SERVER_PORT": "9090", "gunicorn.socket": public})

    assert answer.text == "public"


def test_a_listener_on_the_operators_port_is_theirs(client: Client) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        client = Client(OwnPort(_app("public"), _app("operators"), port))
        overrides = {"SERVER_PORT": str(port), "gunicorn.socket": listener}

        assert client.get("/", environ_overrides=overrides).text == "operators"
