"""What gunicorn refuses before the application sees it is answered as a problem document."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from gunicorn.http import errors as http_errors

from gateway.serving.fields import RepeatedField
from gateway.serving.refusals import answer, problem_of
from gateway.serving.requests import HeadTimeout


@pytest.mark.parametrize(
    ("error", "status", "slug", "title"),
    [
        (HeadTimeout(), 408, "request-timeout", "Request timed out"),
        (http_errors.LimitRequestLine(5000, 4094), 414, "uri-too-long", "URI too long"),
        (http_errors.LimitRequestHeaders("too many"), 431, "headers-too-large", "Header fields too large"),
        (http_errors.UnsupportedTransferCoding("gzip"), 501, "not-implemented", "Not implemented"),
        (http_errors.ExpectationFailed("x"), 417, "expectation-failed", "Expectation failed"),
        (RepeatedField("X-Request-ID"), 400, "bad-request", "Bad request"),
        (http_errors.InvalidHeader("secret: value"), 400, "bad-request", "Bad request"),
        (RuntimeError("a bug at db.internal"), 500, "internal-error", "Internal error"),
    ],
)
def test_each_refusal_has_a_type_of_its_own_and_repeats_nothing_of_the_request(error, status, slug, title):
    head, _, body = answer(problem_of(error), "https://gateway.example").partition(b"\r\n\r\n")
    document = json.loads(body)

    assert head.startswith(b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode()))
    assert b"Connection: close" in head
    assert (document["status"], document["title"]) == (status, title)
    assert document["type"] == f"https://gateway.example/problems/{slug}"
    assert b"secret" not in body
    assert b"db.internal" not in body
