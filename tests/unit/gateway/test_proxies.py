"""A forward proxy is used where a setting says so, and the environment's only where it says that."""

from __future__ import annotations

import pytest

from gateway.settings.proxies import proxy_for

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(("setting", "expected"), [("", ""), ("http://p:3128", "http://p:3128")])
def test_the_environment_does_not_count_unasked(monkeypatch, setting, expected):
    monkeypatch.setenv("https_proxy", "http://elsewhere:1")

    assert proxy_for(setting, "https://core.test") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://core.test", "http://secure:1"),
        ("http://core.test:8080", "http://plain:2"),
        ("https://inside.test", ""),
        ("http://core.inside.test:80", ""),
    ],
)
def test_where_it_is_asked_for_it_says_which_and_for_whom_none(monkeypatch, url, expected):
    monkeypatch.setenv("https_proxy", "http://secure:1")
    monkeypatch.setenv("http_proxy", "http://plain:2/")
    monkeypatch.setenv("no_proxy", "inside.test")

    assert proxy_for("environment", url) == expected


@pytest.mark.parametrize("found", ["http://user:hush@p:1", "socks5://p:1", "p:1"])
def test_one_of_the_environment_that_cannot_be_used_stops_the_start(monkeypatch, found):
    monkeypatch.setenv("https_proxy", found)

    with pytest.raises(ValueError, match=r"^the environment's proxy must be") as refused:
        proxy_for("environment", "https://core.test")

    assert "hush" not in str(refused.value)
