from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
        help="Redis for idempotency records and rate limits, as `redis://HOST:PORT/DB`, `rediss://HOST:PORT/DB`, `redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB` or `unix:///PATH`; empty: SQLite in `STATE_DIR`.",
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
        if self.redis_url:
            # The client would find out with the first request only. Without Redis it is not loaded.
            from gateway.admission.redis_client import connect

            try:
                connect(self.redis_url, timeout_seconds=1).connection_pool.make_connection()
            except (TypeError, ValueError):
                # The library's text is left out: it may repeat the value.
                yield Fault("redis_url", "must have no options but those of redis-py")
