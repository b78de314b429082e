from __future__ import annotations

import pytest
from ulid import ULID

from gateway.telemetry import context


@pytest.mark.parametrize("milliseconds", [0, 1469918176385, 2**48 - 1])
def test_a_new_id_begins_with_its_time_as_the_library_writes_it(
    milliseconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context.time, "time_ns", lambda: milliseconds * 1_000_000 + 999_999)

    assert ULID.from_str(context.request_id("")).milliseconds == milliseconds
