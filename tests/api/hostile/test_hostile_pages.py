"""Pages for people: a policy that lets nothing in, nothing inline, and no other origin that may read them."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from tests.doubles.service import Service

PAGES = ["/", "/docs", "/status", "/problems/", "/problems/not-found"]
ASSETS = [
    "/pages/page.css",
    "/pages/find.js",
    "/docs/docs.css",
    "/docs/start.js",
    "/docs/swagger-ui.css",
    "/status/status.js",
    "/status/status.css",
]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SOURCES = {"'none'", "'self'", "data:"}
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:", re.IGNORECASE)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with closing(Service(tmp_path_factory.mktemp("pages"), {"GATEWAY_STATUS_PAGE": "true"})) as made:
        yield made


@pytest.mark.parametrize("path", PAGES + ASSETS)
def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline(service, path):
    answer = service.client.get(path, headers=BROWSER)
    policy = dict(part.strip().split(maxsplit=1) for part in answer.headers["Content-Security-Policy"].split(";"))

    assert answer.status_code == 200
    assert policy["default-src"] == "'none'"
    assert {source for sources in policy.values() for source in sources.split()} <= SOURCES
    assert "data:" not in policy.get("script-src", "")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_can_be_framed_or_needs_anything_inline(service, path):
    answer = service.client.get(path, headers=BROWSER)

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "base-uri 'none'" in answer.headers["Content-Security-Policy"]
    assert not INLINE.search(answer.text)


@pytest.mark.parametrize("path", [*PAGES, "/openapi.json", "/livez", "/metrics", "/openapi/api/v1/actions", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_origin_is_let_in(service, path, method):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PATCH"}
    answer = service.client.open(path, method=method, headers=headers)

    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("slug", ["<script>alert(1)</script>", "%3Cscript%3E", "..%2f", "{title}", "%s"])
def test_a_page_that_is_not_there_repeats_nothing(service, slug):
    answer = service.client.get(f"/problems/{slug}")

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert "script" not in answer.text
