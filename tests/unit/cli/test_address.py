"""Addresses that the command takes."""

from __future__ import annotations

import pytest

from cli.address import safe_url
from cli.errors import Usage


@pytest.mark.parametrize(
    "url", ["gateway.test", "ftp://gateway.test", "https://u:p@gateway.test", "https://", "https://g.test/?a=1"]
)
def test_what_is_no_address_is_told(url):
    with pytest.raises(Usage, match="must be an address such as"):
        safe_url(url, plain_http=True)


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("http://127.0.0.1:8000/", True),
        ("http://[::1]", True),
        ("http://localhost", True),
        ("http://g.test", False),
        ("https://g.test", True),
    ],
)
def test_plain_http_is_for_loopback_unless_it_is_meant(url, is_safe):
    if is_safe:
        assert safe_url(url, plain_http=False) == url.rstrip("/")
    else:
        with pytest.raises(Usage, match="others can read the token"):
            safe_url(url, plain_http=False)
    assert safe_url(url, plain_http=True) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    ["https://me:hush@gateway.test", "https://gateway.test?token=hush", "https://gateway.test#hush", "https://[hush"],
)
def test_an_address_with_a_secret_in_it_is_refused_without_being_shown(url):
    with pytest.raises(Usage, match="must be an address such as") as refusal:
        safe_url(url, plain_http=False)

    assert "hush" not in str(refusal.value)
