from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from gateway.rate_text import RATE_FORM, match_rate
from gateway.settings.addresses import redis_url
from gateway.settings.field import Fault, setting
from gateway.settings.files import api_keys

if TYPE_CHECKING:
    from collections.abc import Iterator


def _rate(text: str) -> str:
    if match_rate(text) is None:
        raise ValueError(f"must be {RATE_FORM}")
    return text


# The others of redis-py change what answers are or how calls are repeated, on which claims stand.
_REDIS_OPTIONS = frozenset(
    {
        "client_name",
        "db",
        "health_check_interval",
        "protocol",
        "sentinel_password",
        "sentinel_username",
        "socket_keepalive",
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "ssl_password",
    }
)


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    rate_limit: str = setting(
        "",
        parse=_rate,
        help="Items per principal on bulk endpoints, as `COUNT/second`, `COUNT/minute` or `COUNT/hour`; empty: none.",
    )
    key_rate_limit: str = setting(
        "500/minute", parse=_rate, help="Requests per API key without a rate of its own, written as `RATE_LIMIT` is."
    )
    unsent_rate_limit: str = setting(
        "100000/minute",
        parse=_rate,
        help="KiB per principal of bodies that are refused with 400 or 413 or rehearsed, and of stored answers that are repeated; "
        "written as `RATE_LIMIT` is; empty: none.",
    )
    redis_url: str = setting(
        "",
        parse=redis_url,
        secret=True,
        help="Redis for idempotency records, rate limits and jobs, as `redis://HOST:PORT/DB`, `rediss://HOST:PORT/DB`, `redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB` or `unix:///PATH`; empty: SQLite in `STATE_DIR`.",
    )
    state_dir: Path = setting(
        Path(tempfile.gettempdir()) / "bulk-update-gateway",
        parse=Path,
        help="Folder for the embedded stores, shared by the workers of one host.",
    )
    api_keys_file: str = setting(
        "", parse=api_keys, help="Read-only file of API keys, instead of the store in `STATE_DIR`."
    )
    idempotency_ttl: float = setting(
        86_400.0,
        parse=float,
        unit="s",
        least=60,
        most=31_536_000,
        help="How long an idempotency record is kept after its batch; the key is fresh then, so it must outlast repeats.",
    )
    idempotency_max_bytes: int = setting(
        1_073_741_824,
        parse=int,
        unit="bytes",
        least=1_048_576,
        most=1_099_511_627_776,
        help="Size of the embedded idempotency store.",
    )

    def faults(self) -> Iterator[Fault]:
        options = parse_qsl(urlsplit(self.redis_url).query, keep_blank_values=True)
        if any(name not in _REDIS_OPTIONS for name, _ in options):
            yield Fault("redis_url", f"must have no options but {', '.join(sorted(_REDIS_OPTIONS))}")
        elif dict(options).get("ssl_keyfile") and not dict(options).get("ssl_certfile"):
            # The TLS library would fail with the first request, and with no error of redis-py.
            yield Fault("redis_url", "must have ssl_certfile where it has ssl_keyfile")
        elif self.redis_url:
            # The client would find out with the first request only. Without Redis it is not loaded.
            from redis.exceptions import RedisError

            from gateway.admission.redis_client import connect

            try:
                connect(self.redis_url, timeout_seconds=1).connection_pool.make_connection()
            except (TypeError, ValueError, RedisError):
                # The library's text is left out: it may repeat the value.
                yield Fault("redis_url", "must have values that redis-py takes for its options")
