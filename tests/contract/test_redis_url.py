"""Where the file of Redis' URL is replaced, new connections show the user and password that it has then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis

from gateway.admission.idempotency.redis_store import RedisIdempotencyStore
from gateway.admission.rates.limits import RateLimits
from gateway.admission.rates.redis_rates import SharedRedisStorage
from gateway.settings.secrets import FileText, secret_now
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.doubles.rules import claim_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(BINARY is None, reason=MISSING)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[RedisServer]]:
    made = [RedisServer(tmp_path / name) for name in ("one", "two")]
    for server in made:
        server.start()
        with redis.from_url(server.url) as client:
            client.config_set("requirepass", "first")
    yield made
    for server in made:
        server.stop()


class Service:
    """Both stores over the URL in a file."""

    def __init__(self, file: Path, url: str) -> None:
        self.file = file
        self.write(url)
        text = FileText(url, str(file))

        def now() -> str:
            return secret_now(text)

        self.store = RedisIdempotencyStore(url, claim_policy(), timeout_seconds=5.0, url_now=now)
        self.rates = RateLimits("10/minute", SharedRedisStorage(url, 5.0, now), name="items")

    def write(self, url: str) -> None:
        self.file.write_text(url)

    def uses_redis(self, key: str) -> bool:
        claim = self.store.claim("p", key, "f", 1)
        claim.abandon()
        self.rates.hit("p", 1)
        return claim.kind == "fresh"


def url_of(server: RedisServer, password: str, database: int = 0) -> str:
    return f"redis://:{password}@{server.host}:{server.port}/{database}"


@pytest.fixture
def service(servers: list[RedisServer], tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "url", url_of(servers[0], "first"))
    assert made.uses_redis("before")
    yield made
    made.store.close()


def admin(server: RedisServer, password: str) -> Any:
    return redis.from_url(url_of(server, password))


def test_a_new_password_is_used_for_the_next_connection(servers, service, caplog):
    with admin(servers[0], "first") as client:
        client.config_set("requirepass", "second")
        service.write(url_of(servers[0], "second"))
        client.client_kill_filter(_type="normal", skipme=True)

    assert service.uses_redis("after")
    assert caplog.messages == []


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "rediss://:s3cret@{host}:{port}/0",
        "redis://:s3cret@{host}:{port}/0?socket_timeout=x",
        "redis://:s3cret@{host}:{port}/0?protocol=3",
        # Two workers that changed at different moments would keep two stores.
        "redis://:s3cret@{host}:{port}/3",
        "redis://:s3cret@127.0.0.2:{port}/0",
        "redis://:s3cret@{host}:1/0",
        "redis://:s3cret@{host}/0",
    ],
)
def test_what_cannot_be_followed_changes_nothing_and_is_told_without_the_secret(servers, service, caplog, text):
    service.write(text.format(host=servers[0].host, port=servers[0].port))
    with admin(servers[0], "first") as client:
        client.client_kill_filter(_type="normal", skipme=True)

    assert service.uses_redis("after")
    assert set(caplog.messages) == {"redis_url_unusable"}
    assert all("s3cret" not in record.reason for record in caplog.records)
