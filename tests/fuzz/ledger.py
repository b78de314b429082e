"""Who was asked what, and what each call may be told."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from requests import Response

from legacy_client.errors import BadAnswer, BrokenOff, CoreError, TimedOut, Unreachable
from tests.fuzz.mutation import body

if TYPE_CHECKING:
    from random import Random

_ALLOWED = (BadAnswer, BrokenOff, TimedOut, Unreachable)
_TOKEN = re.compile(rb"[0-9a-f]{16}")


class Ledger:
    """Gives each call a token of its own that only its own answer holds; ``ends`` counts the results by kind."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._issued: set[bytes] = set()
        self.ends: Counter[str] = Counter()

    def issue(self) -> str:
        """A token that no accident turns into another."""
        token = self._rng.randbytes(8).hex()
        self._issued.add(token.encode())
        return token

    def check(self, token: str, result: Response | CoreError | str, *, is_whole: bool) -> None:
        """Raise AssertionError if the call with this token may not end so; ``is_whole``: its answer was not spoilt."""
        if isinstance(result, Response):
            self._check_answer(token, result, is_whole=is_whole)
            self.ends[f"{result.status_code // 100}xx"] += 1
        else:
            assert type(result) in _ALLOWED, f"call {token} ended as {result!r}"
            assert not is_whole, f"call {token} ended as {result!r} although its answer was whole"
            assert result.__traceback__ is None, f"the error of call {token} holds on to its frames"
            self.ends[type(result).__name__] += 1

    def _check_answer(self, token: str, answer: Response, *, is_whole: bool) -> None:
        strangers = self._issued.intersection(_TOKEN.findall(answer.content)) - {token.encode()}
        assert not strangers, f"call {token} got the answer to {strangers}"
        if is_whole and answer.status_code not in (204, 304):
            assert answer.content.rstrip() == body(token), f"call {token} got {answer.content[:200]!r}"
