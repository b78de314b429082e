"""What a request shows of who sends it."""

from __future__ import annotations

import pytest

from gateway.auth.credentials import Credentials


def shown(authorization: str | None) -> Credentials:
    return Credentials.of({"Authorization": authorization}.get)


@pytest.mark.parametrize(
    ("authorization", "bearer"),
    [
        (None, ""),
        ("", ""),
        ("Bearer abc", "abc"),
        ("bEARER  abc ", "abc"),
        ("Bearer", ""),
        ("Basic YTpi", ""),
        ("abc", ""),
    ],
)
def test_the_token_is_that_of_the_scheme_bearer_in_any_case(authorization: str | None, bearer: str) -> None:
    assert (shown(authorization).authorization, shown(authorization).bearer) == (authorization, bearer)


def test_the_request_is_there_for_a_signature() -> None:
    credentials = Credentials.of(
        {"X-Signature": "s"}.get, certificate="PEM", method="PATCH", path="/a", query="dry_run=true"
    )

    assert credentials.header("X-Signature") == "s"
    assert (credentials.method, credentials.path, credentials.query) == ("PATCH", "/a", "dry_run=true")
    assert credentials.certificate == "PEM"


def test_no_text_of_it_holds_a_secret() -> None:
    credentials = Credentials.of(
        {"Authorization": "Bearer s3cr3t"}.get,
        certificate="s3cr3t",
        method="PATCH",
        path="/a",
        query="access_token=s3cr3t",
    )

    assert "s3cr3t" not in f"{credentials} {credentials!r} {(credentials,)}"
