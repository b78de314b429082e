"""What the bench says of a word that it does not know."""

from __future__ import annotations

import sys

import pytest

from bench.__main__ import _options


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--only", "W1,w9"], "unknown workload: w9; there are W1, W2, W3, "),
        (["--peers", "rust"], "unknown peer: rust; there are gateway-compiled, "),
    ],
)
def test_a_word_that_it_does_not_know_is_told_with_those_that_it_knows(given, told, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", *given])

    with pytest.raises(SystemExit) as ended:
        _options()

    assert ended.value.code == 2
    assert told in capsys.readouterr().err
