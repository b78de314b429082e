from __future__ import annotations

import codecs
import re
from contextlib import suppress
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TEXT = 500
# Half of a surrogate pair, and what stands for bytes that are no text.
BROKEN = re.compile("[\ud800-\udfff\ufffd]")
# A closed list: a core must not choose among all of Python's codecs.
_CODECS = ("latin_1", "iso8859_15", "cp1252", "utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32")
_CHARSET = re.compile(r";[ \t]*charset=\"?([^\s\";,]+)", re.IGNORECASE)
# Control characters, line separators, and what turns the direction of the text around it (UAX 9).
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+")


def in_utf8(body: bytes, content_type: str | None) -> bytes:
    """A body in UTF-8 without byte order mark (RFC 8259 section 8.1). Unchanged if it has no charset of ours."""
    charset = _charset(content_type)
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode(charset).removeprefix("\ufeff").encode()
    except UnicodeError:
        return body


def mended_texts(body: bytes, content_type: str | None) -> Iterator[str]:
    """A body as it may be meant, UTF-8 first; U+FFFD for what is no text."""
    body = body.removeprefix(codecs.BOM_UTF8)
    with suppress(UnicodeError):
        yield body.decode()
    for charset in dict.fromkeys((_charset(content_type), "utf_8")):
        yield body.decode(charset, "replace").removeprefix("\ufeff")


def _charset(content_type: str | None) -> str:
    named = _CHARSET.search(content_type or "")
    name = normalize_encoding(named[1]).lower() if named else ""
    codec = aliases.get(name, name)
    return codec if codec in _CODECS else "utf_8"


def word_of(value: object) -> str | None:
    """Of a text or a number. None of any other value, which may be too deep for a text."""
    return str(value) if isinstance(value, (str, int, float)) else None


def plain(text: str) -> str:
    """One line of at most ``MAX_TEXT`` characters."""
    return BROKEN.sub("\ufffd", _STEERING.sub(" ", text[:MAX_TEXT])).strip()
