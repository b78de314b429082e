from __future__ import annotations

import legacy_client


def test_the_public_list_is_sorted_and_complete() -> None:
    imported = {name for name, value in vars(legacy_client).items() if isinstance(value, type)}

    assert legacy_client.__all__ == sorted(imported)
