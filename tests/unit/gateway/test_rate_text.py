"""A rate is written alike in settings, for API keys and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.admission.rates.limits import parse_rate
from gateway.auth.api_keys.record import ApiKey, from_entry
from gateway.keys import main

if TYPE_CHECKING:
    from pathlib import Path

GOOD = ["1/second", "500/minute", "999999999999999999/hour"]
BAD = ["0/minute", "01/hour", "1/day", "1000000000000000000/hour", "1/hour\n", "/minute", "1/"]
KEY = {"id": "1", "name": "n", "hash": f"sha256:{'0' * 32}:{'0' * 64}", "scopes": []}


def kept_rate(text: str) -> str:
    key: ApiKey = from_entry(KEY | {"rate": text})
    return key.rate


@pytest.mark.parametrize("text", GOOD)
def test_what_a_setting_may_be_an_api_key_may_have(text: str, tmp_path: Path) -> None:
    count, unit = text.split("/")

    assert (parse_rate(text).amount, parse_rate(text).GRANULARITY.name) == (int(count), unit)
    assert kept_rate(text) == text
    assert (
        main(["--state-dir", str(tmp_path), "create", "--name", "n", "--scope", "INTEGRATION_API", "--rate", text]) == 0
    )


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_rate_is_none_anywhere(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be COUNT/second"):
        parse_rate(text)
    with pytest.raises(ValueError, match="rate must be COUNT/second"):
        kept_rate(text)
    with pytest.raises(SystemExit):
        main(["--state-dir", str(tmp_path), "create", "--name", "n", "--scope", "INTEGRATION_API", "--rate", text])
