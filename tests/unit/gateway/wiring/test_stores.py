"""The stores as the settings want them, and what readiness says of the one of idempotency records."""

from __future__ import annotations

from contextlib import closing

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.idempotency.journal import Entry
from gateway.settings import load
from gateway.wiring.stores import StoreLook, idempotency_store
from tests.doubles.clocks import FakeClock


def test_a_store_that_cannot_be_had_is_told_and_takes_no_instance_out() -> None:
    look = StoreLook(lambda: StoreUnavailable("EACCES (Permission denied)"), FakeClock())

    assert look.check() == {"ready": True, "reason": "EACCES (Permission denied)"}


def test_the_store_is_looked_at_once_in_two_seconds_however_often_it_is_asked_for() -> None:
    clock, looks = FakeClock(), []
    look = StoreLook(lambda: looks.append("look"), clock)

    assert [look.check() for _ in range(3)] == [{"ready": True}] * 3
    assert len(looks) == 1
    clock.advance(2.1)
    look.check()
    assert len(looks) == 2


def _settings(tmp_path, **more):
    return load(
        {
            "GATEWAY_CORE_URL": "http://core.test",
            "GATEWAY_KEYCLOAK_URL": "http://keycloak.test",
            "GATEWAY_KEYCLOAK_REALM": "partners",
            "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
            "GATEWAY_STATE_DIR": str(tmp_path),
            **more,
        }
    )


def test_a_keyed_batch_of_100_is_three_transactions(tmp_path, monkeypatch) -> None:
    """Its claim, one write of 36 results, and its end."""
    begun = []
    with closing(idempotency_store(_settings(tmp_path))) as store:
        store.claim("p", "makes the file", "f", 1).abandon()
        transaction = store._file.transaction

        def counted(**how):
            begun.append(how)
            return transaction(**how)

        monkeypatch.setattr(store._file, "transaction", counted)
        claim = store.claim("p", "k", "f", 100)
        claim.begin(range(100))
        for _ in claim.keep(((index, b"{}") for index in range(100)), AssertionError):
            pass
        claim.finish()

    assert len(begun) == 3


def test_the_embedded_store_grows_to_the_size_of_the_settings(tmp_path) -> None:
    settings = _settings(tmp_path, GATEWAY_IDEMPOTENCY_MAX_BYTES="1048576")

    with closing(idempotency_store(settings)) as store:
        for number in range(300):
            claim = store.claim("p", f"k{number}", "f", 1)
            claim.record([Entry(0, "final", b"1" * 10_000)])
            claim.finish()

    assert 500_000 < (tmp_path / "idempotency.sqlite").stat().st_size <= 1_048_576
