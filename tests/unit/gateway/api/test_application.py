"""What the application does in its own way must be what Flask does."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask
from werkzeug.exceptions import NotFound

from gateway.api.application import Application
from gateway.api.request import GatewayRequest, GatewayResponse, current_request
from gateway.telemetry.context import request_id


def view(item_id: str = "") -> GatewayResponse:
    request = current_request()
    assert request.url_rule is not None
    return GatewayResponse(f"{request.method} {request.url_rule.rule} {item_id}".encode(), content_type="text/plain")


def nothing(item_id: str = "") -> GatewayResponse:
    return GatewayResponse(b"not sent", 204, {"X-Kept": item_id})


def made(kind: type[Flask]) -> Flask:
    app = kind("tried") if kind is Application else kind("tried", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.request_class, app.response_class = GatewayRequest, GatewayResponse
    app.url_map.merge_slashes = False
    for rule, methods in (
        ("/fixed", ["GET", "PATCH"]),
        ("/fixed/<item_id>", ["GET"]),
        ("/<path:item_id>", ["PUT"]),
        ("/fixed/slash/", ["GET"]),
    ):
        app.add_url_rule(rule, endpoint=rule, view_func=view, methods=methods)
    app.add_url_rule("/fixed", endpoint="other", view_func=nothing, methods=["DELETE"])
    return app


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
@pytest.mark.parametrize(
    "path",
    ["/fixed", "/fixed/", "/fixed/a", "/fixed/slash/", "/fixed/slash", "//fixed", "/fixed%2Fa", "/Fixed", "/", "/é"],
)
def test_a_request_gets_the_answer_that_flask_gives(method: str, path: str) -> None:
    answers = [
        (answer.status, sorted(answer.headers), answer.data)
        for answer in (made(kind).test_client().open(path, method=method) for kind in (Application, Flask))
    ]

    assert answers[0] == answers[1]


def test_hooks_of_the_application_are_called_in_flasks_order() -> None:
    def called(kind: type[Flask]) -> list[str]:
        app, calls = made(kind), list[str]()
        for name in ("first", "second"):
            app.before_request(lambda name=name: calls.append(f"enter {name}"))
            app.after_request(lambda response, name=name: calls.append(f"leave {name}") or response)
            app.teardown_request(lambda _error, name=name: calls.append(f"forget {name}"))
        app.test_client().get("/fixed")
        app.test_client().get("/lost")
        return calls

    assert called(Application) == called(Flask)
    assert called(Application)[:6] == [
        "enter first",
        "enter second",
        "leave second",
        "leave first",
        "forget second",
        "forget first",
    ]


def test_a_hook_that_refuses_is_answered_by_the_handler_of_its_error() -> None:
    app = made(Application)

    def refuse() -> None:
        raise NotFound

    app.before_request(refuse)

    assert app.test_client().get("/fixed").status_code == 404


@pytest.mark.parametrize("hook", ["before_request", "after_request", "teardown_request", "url_value_preprocessor"])
def test_a_blueprint_with_a_hook_that_would_never_be_called_is_refused(hook: str) -> None:
    blueprint = Blueprint("curious", "curious")
    getattr(blueprint, hook)(lambda *_: None)

    with pytest.raises(TypeError, match="the blueprint curious has hooks; only the application may"):
        made(Application).register_blueprint(blueprint)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Prefer", "wait=3"),
        ("IDEMPOTENCY-KEY", "a"),
        ("content-type", "application/json"),
        ("Content-Length", "3"),
        ("x-empty", ""),
    ],
)
def test_a_field_is_what_werkzeug_reads_of_the_environment(field: str, value: str) -> None:

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http", "SERVER_NAME": "a"}
    environ |= {"SERVER_PORT": "80", "QUERY_STRING": "", "SCRIPT_NAME": ""}
    name = field.upper().replace("-", "_")
    environ[name if name.startswith("CONTENT") else f"HTTP_{name}"] = value
    request = GatewayRequest(environ)

    assert request.header(field) == request.headers.get(field) == value
    assert request.header("X-Absent") is None


def test_a_new_request_id_sorts_by_its_time_and_is_never_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.telemetry.context.time.time_ns", lambda: 1_469_918_176_385_000_000)

    ids = {request_id("") for _ in range(1000)}

    # The time of the specification's example.
    assert {each[:10] for each in ids} == {"01ARYZ6S41"}
    assert len(ids) == 1000
    assert all(len(each) == 26 for each in ids)
    # All of Crockford's base 32.
    assert {digit for each in ids for digit in each[10:]} == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_a_new_request_id_holds_each_random_number_as_often_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([bytes(range(start, start + 16)) for start in range(0, 256, 16)])
    monkeypatch.setattr("gateway.telemetry.context.os.urandom", lambda size: next(drawn)[:size])

    digits = "".join(request_id("")[10:] for _ in range(16))

    assert sorted(digits) == sorted("0123456789ABCDEFGHJKMNPQRSTVWXYZ" * 8)
