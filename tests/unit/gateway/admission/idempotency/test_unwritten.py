from __future__ import annotations

from gateway.admission.idempotency.journal import Entry
from gateway.admission.idempotency.unwritten import MUCH_BYTES, Unwritten


def test_bytes_of_updates_and_of_others_count_until_they_are_written() -> None:
    unwritten = Unwritten(lambda _entries, _updates: [], 1000)
    unwritten.updates[0] = b"x"
    unwritten.update_bytes += MUCH_BYTES - 1
    assert not unwritten.is_much

    unwritten.add(Entry(1, "final", b"e"))
    assert unwritten.is_much

    unwritten.written(())
    assert (unwritten.is_much, len(unwritten)) == (False, 0)
    unwritten.update_bytes += MUCH_BYTES - 1
    assert not unwritten.is_much
