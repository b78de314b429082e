"""The headers of a response, looked for in the text of its head."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

from requests.structures import CaseInsensitiveDict

_LENGTH = b"content-length"
_FOLD = re.compile(rb"[ \t]*\r\n[ \t]+")


# Most answers are asked for one header. A search in the text costs less than a dictionary.
class ResponseHeaders(CaseInsensitiveDict[str]):
    # A flag rather than a look into ``__dict__``, which would make one for every object.
    _is_taken_apart = False

    def __init__(self, head: bytes, folded: bytes) -> None:
        """``folded`` is ``head`` in lower case."""
        self._head = head
        self.folded = folded

    @cached_property
    def _store(self) -> dict[str, tuple[str, str]]:
        self._is_taken_apart = True
        store: dict[str, tuple[str, str]] = {}
        for line in self._head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip(" \t")
            # A header that came more than once is one with all the values (RFC 9110 section 5.3).
            store[name] = name, f"{store[name][1]}, {value}" if name in store else value
        return store

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # text is all there is
        """Several values are joined with ``, `` (RFC 9110 section 5.3)."""
        if self._is_taken_apart:
            return super().get(name, default)
        mark = _mark(name)
        folded = self.folded
        at = folded.find(mark)
        if at < 0:
            return default
        begins = at + len(mark)
        if folded.find(mark, begins) >= 0:
            return super().get(name, default)
        ends = folded.find(b"\r\n", begins)
        return _text(self._head[begins : ends if ends >= 0 else None])


class KnownHeaders(ResponseHeaders):
    """Of a head that is like another but for its ``Content-Length``."""

    def __init__(self, head: bytes, found: dict[str, str | None]) -> None:
        """``found``: what was asked for in heads like this one, shared by them all."""
        self._head = head
        self._found = found

    @cached_property
    def folded(self) -> bytes:  # type: ignore[override]  # can be read like the attribute
        return self._head.lower()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # text is all there is
        if self._is_taken_apart:
            return super().get(name, default)
        found = self._found
        if name in found:
            value = found[name]
            return default if value is None else value
        value = super().get(name)
        if name.lower() != "content-length":
            found[name] = value
        return default if value is None else value


@lru_cache(maxsize=64)
def _mark(name: str) -> bytes:
    return b"\r\n%b:" % name.lower().encode()


# The same few values come with every answer.
@lru_cache(maxsize=64)
def _text(value: bytes) -> str:
    return value.decode("latin-1").strip(" \t")


def mended(head: bytes) -> bytes:
    """Folded lines (RFC 9112 section 5.2) and equal lengths made one."""
    return b"\r\n".join(_with_one_length(_FOLD.sub(b" ", head).split(b"\r\n")))


def _with_one_length(lines: list[bytes]) -> list[bytes]:
    """Several equal Content-Lengths are one (RFC 9110 section 8.6)."""
    lengths = [line for line in lines if line.partition(b":")[0].lower() == _LENGTH]
    values = [value.strip(b" \t") for line in lengths for value in line.partition(b":")[2].split(b",")]
    if not all(map(bytes.isdigit, values)) or len({value.lstrip(b"0") for value in values}) != 1:
        return lines
    others = [line for line in lines if line not in lengths]
    return [*others, b"Content-Length: " + values[0]]
