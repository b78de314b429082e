"""A file that cannot be a map is refused in one line, and none is taken for the shipped map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.resources.map_file import read_map
from gateway.resources.map_tables import CoreMapError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"[core]\nid = '\xff'", "must be UTF-8; byte 14 is not"),
        (b"#" * 1_048_577, "is longer than 1,048,576 bytes"),
    ],
)
def test_what_cannot_be_a_map_is_refused(tmp_path: Path, data: bytes, reason: str):
    path = tmp_path / "core.toml"
    path.write_bytes(data)

    with pytest.raises(CoreMapError) as refused:
        read_map(path)

    assert str(refused.value) == reason


def test_a_byte_order_mark_does_no_harm(tmp_path: Path):
    path = tmp_path / "core.toml"
    path.write_bytes(b"\xef\xbb\xbf[core]\n")

    assert read_map(path) == "[core]\n"
