"""What gunicorn refuses before the application sees it is answered as a problem document."""

from __future__ import annotations

import json

import pytest
from gunicorn.http import errors as http_errors

from gateway.api.unparsed import answer, problem_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (http_errors.LimitRequestLine(5000, 4094), 414),
        (http_errors.LimitRequestHeaders("too many"), 431),
        (http_errors.UnsupportedTransferCoding("gzip"), 501),
        (http_errors.ExpectationFailed("x"), 417),
        (http_errors.InvalidHeader("secret: value"), 400),
        (RuntimeError("a bug at db.internal"), 500),
    ],
)
def test_each_refusal_has_its_status_and_repeats_nothing_of_the_request(error, status):
    head, _, body = answer(problem_of(error), "https://gateway.example").partition(b"\r\n\r\n")
    document = json.loads(body)

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in head
    assert document["status"] == status
    assert document["type"].startswith("https://gateway.example/problems/")
    assert b"secret" not in body
    assert b"db.internal" not in body
