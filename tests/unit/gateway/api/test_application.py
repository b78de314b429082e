"""What the application does in its own way must be what Flask does."""

from __future__ import annotations

import io

import pytest
from flask import Blueprint, Flask, Request, Response, current_app, g, has_app_context, has_request_context, url_for
from flask import request as flask_request
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


ENVIRON = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/a", "QUERY_STRING": "b=c", "SERVER_NAME": "a",
    "SERVER_PORT": "80", "REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "h", "HTTP_ACCEPT": "x/y", "wsgi.url_scheme": "https",
}  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"REQUEST_METHOD": "patch"},
        {"PATH_INFO": "//a"},
        {"PATH_INFO": "a"},
        {"PATH_INFO": ""},
        {"PATH_INFO": "/\xc3\xa9"},
        {"PATH_INFO": "/\xe9"},
        {"SCRIPT_NAME": "/prefix/"},
        {"QUERY_STRING": "a=%20&a"},
    ],
)
def test_a_request_tells_what_werkzeugs_does(changed: dict[str, str]) -> None:
    ours, theirs = GatewayRequest({**ENVIRON, **changed}), Request({**ENVIRON, **changed})
    names = ("method", "path", "scheme", "server", "root_path", "query_string", "remote_addr", "host", "url", "args")

    assert [getattr(ours, name) for name in names] == [getattr(theirs, name) for name in names]
    assert dict(ours.headers) == dict(theirs.headers)
    assert ours.accept_mimetypes == theirs.accept_mimetypes
    assert ours.query.encode() == theirs.query_string


def test_a_request_has_no_more_than_werkzeugs() -> None:
    with pytest.raises(AttributeError, match="unheard_of"):
        _ = GatewayRequest(dict(ENVIRON)).unheard_of


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, None),
        ({"CONTENT_LENGTH": "0"}, 0),
        ({"CONTENT_LENGTH": "12"}, 12),
        ({"CONTENT_LENGTH": "1" + 30 * "0"}, 10**30),
        ({"CONTENT_LENGTH": ""}, None),
        ({"CONTENT_LENGTH": "+1"}, None),
        ({"CONTENT_LENGTH": "-1"}, None),
        ({"CONTENT_LENGTH": "\xb2"}, None),
        ({"CONTENT_LENGTH": "9" * 5000}, None),
        ({"CONTENT_LENGTH": "1", "HTTP_TRANSFER_ENCODING": "chunked"}, None),
    ],
)
def test_the_size_of_a_body_is_what_its_length_says(fields: dict[str, str], size: int | None) -> None:
    assert GatewayRequest({**ENVIRON, **fields}).body_size == size


def test_a_body_is_read_to_its_length_where_the_server_does_not_end_it() -> None:
    environ = {**ENVIRON, "CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"abcdef")}

    assert GatewayRequest(environ).body_stream().read() == b"abc"


def test_a_body_that_the_server_ends_is_read_as_it_stands() -> None:
    environ = {**ENVIRON, "CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"abc"), "wsgi.input_terminated": True}

    assert GatewayRequest(environ).body_stream() is environ["wsgi.input"]


@pytest.mark.parametrize("body", [b"", b"abc", "\u00e9"])
@pytest.mark.parametrize("status", [200, 207, 404, "201 Made", None])
@pytest.mark.parametrize("headers", [None, {}, {"Vary": "a", "Content-Type": "b/c"}, [("Vary", "a"), ("Vary", "b")]])
@pytest.mark.parametrize("content_type", [None, "application/json"])
def test_an_answer_is_what_werkzeug_makes_of_the_same(body, status, headers, content_type) -> None:
    ours, theirs = (kind(body, status, headers, content_type=content_type) for kind in (GatewayResponse, Response))
    environ = dict(ENVIRON)

    assert ours.get_wsgi_response(environ)[1:] == theirs.get_wsgi_response(environ)[1:]
    assert (ours.status_code, ours.status) == (theirs.status_code, theirs.status)
    assert ours.data == theirs.data
    assert ours.size == len(theirs.data)
    assert ours.headers.get("content-length") == theirs.headers.get("content-length")


def test_a_copy_of_an_answers_fields_stands_for_itself() -> None:
    fields = GatewayResponse(b"", 200, content_type="a/b").headers
    copy = fields.copy()
    copy["Vary"] = "c"

    assert "Vary" not in fields


@pytest.mark.parametrize("kind", [Application, Flask])
def test_a_context_lasts_as_long_as_its_clients_block(kind: type[Flask]) -> None:
    app, told = made(kind), list[BaseException | None]()
    app.teardown_request(told.append)
    with app.test_client() as client:
        client.get("/fixed")

        assert (current_app.name, flask_request.path) == ("tried", "/fixed")
        assert told == [None]
    assert told == [None, None]
    assert not has_request_context()
    assert not has_app_context()


def test_an_error_that_ends_a_request_is_told_to_the_hook_and_leaves_no_context() -> None:
    app, told = made(Application), list[BaseException | None]()
    fault = ValueError("broke")

    def fail() -> None:
        raise fault

    app.before_request(fail)
    app.teardown_request(told.append)

    assert app.test_client().get("/fixed").status_code == 500
    assert told == [fault]
    assert not has_request_context()


def test_nothing_is_kept_in_what_all_requests_share() -> None:
    with made(Application).app_context(), pytest.raises(TypeError, match="user: nothing may be kept in g"):
        g.user = "alice"


def test_an_address_of_a_route_is_made_within_a_request() -> None:
    app = made(Application)
    app.before_request(
        lambda: GatewayResponse(url_for("/fixed/<item_id>", item_id="a").encode(), 200, content_type="a/b")
    )

    assert app.test_client().get("/fixed").status_code == 200


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
