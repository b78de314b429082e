"""Which form of answer ``Accept`` asks for (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import pytest

from gateway.api.accept import prefers_lines


@pytest.mark.parametrize(
    "accept",
    [
        "application/x-ndjson",
        "Application/X-NDJSON",
        "application/x-ndjson;q=0.1",
        "application/x-ndjson; charset=utf-8",
        "application/x-ndjson, application/problem+json",
        "application/x-ndjson, */*",
        "application/x-ndjson, application/json;q=0.9",
        "application/json;q=0, application/x-ndjson;q=0.1",
        "application/x-ndjson;q=0.5, */*;q=0.1",
        "application/x-ndjson;q=0.5, application/*;q=0.5, */*",
    ],
)
def test_who_names_lines_before_json_gets_them(accept):
    assert prefers_lines(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/x-ndjson;q=0",
        "application/json, application/x-ndjson",
        "application/x-ndjson, application/json, application/problem+json",
        "application/x-ndjson;q=0.5, */*",
        "application/x-ndjson;q=0.5, application/*",
        'text/html;title="application/x-ndjson"',
        "x-ndjson",
    ],
)
def test_all_others_do_not(accept):
    assert not prefers_lines(accept)
