"""A field that has one value may be sent once (RFC 9110 section 5.3)."""

from __future__ import annotations

import pytest

from gateway.serving.fields import RepeatedField, check_single


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("CONTENT-TYPE", "Content-Type"),
        ("IDEMPOTENCY-KEY", "Idempotency-Key"),
        ("TRACEPARENT", "traceparent"),
        ("X-REQUEST-ID", "X-Request-ID"),
        ("ORIGIN", "Origin"),
        ("USER-AGENT", "User-Agent"),
    ],
)
@pytest.mark.parametrize("second", ["a", "b", ""])
def test_a_single_field_that_comes_again_is_named(name: str, called: str, second: str) -> None:
    with pytest.raises(RepeatedField) as caught:
        check_single([(name, "a"), ("ACCEPT", "*/*"), (name, second)])

    assert caught.value.field == called


def test_lists_may_be_sent_in_several_fields() -> None:
    lists = ("ACCEPT", "ACCEPT-ENCODING", "PREFER", "TRACESTATE", "CONNECTION", "VIA", "X-FORWARDED-FOR", "COOKIE")

    check_single([(name, "a") for name in lists * 2])
