"""What a worker opens outside itself, it closes at its end."""

from __future__ import annotations

import threading
import time

from gateway.settings import load
from gateway.wiring.backends import connect
from tests.doubles.open_files import open_files


def test_the_end_closes_the_file_of_every_store(tmp_path):
    settings = load(
        {
            "GATEWAY_CORE_URL": "http://127.0.0.1:9",
            "GATEWAY_CORE_AUTH": "none",
            "GATEWAY_KEYCLOAK_URL": "http://127.0.0.1:9",
            "GATEWAY_KEYCLOAK_REALM": "partners",
            "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
            "GATEWAY_STATE_DIR": str(tmp_path),
            "GATEWAY_RATE_LIMIT": "10/minute",
        }
    )
    backends = connect(settings)
    backends.idempotency.claim("p", "k", "f", 1).abandon()
    backends.item_rates.hit("p")
    backends.jobs.chunks.beat("w")
    give_up = time.monotonic() + 20
    while not backends.job_numbers():
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert open_files(tmp_path) >= {"idempotency.sqlite", "rates.sqlite", "jobs.sqlite"}

    backends.close()

    assert open_files(tmp_path) == set()
    assert "job-pulse" not in {thread.name for thread in threading.enumerate()}
