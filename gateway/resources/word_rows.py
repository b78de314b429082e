"""``words`` and ``read`` of a row: the core's word for each of ours, and ours for each of the core's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.resources import converters
from gateway.resources.map_tables import check_keys, is_of_64_bits, table, text_in, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.resources.converters import Conversion

    Word = int | str

_is_number = re.compile("0|-?[1-9][0-9]{0,18}").fullmatch


def words_of(where: str, row: Mapping[str, Any], choices: Sequence[str]) -> Conversion:
    """Raises CoreMapError."""
    words = table(row, "words", where)
    check_keys(words, f"{where}words.", choices, needed=choices)
    kinds = {type(value) for value in words.values()}
    if kinds not in ({int}, {str}):
        raise wrong(f"{where}words", "must be all whole numbers or all texts")
    if kinds == {int} and not all(map(is_of_64_bits, words.values())):
        raise wrong(f"{where}words", "must be numbers of 64 bits")
    return converters.by_words(words, _public(where, row, words))


def _public(where: str, row: Mapping[str, Any], words: Mapping[str, Word]) -> dict[Word, str]:
    """The core's word → ours."""
    read = _read(where, row, words)
    values = list(words.values())
    for word, value in words.items():
        if value in read:
            if words[read[value]] != value:
                raise wrong(f"{where}read.{value}", f"must be a word that is sent so, like {word!r}")
        elif values.count(value) > 1:
            told = f"{value!r} is there twice, and {where}read does not say as which word it comes back"
            raise wrong(f"{where}words.{word}", f"must differ from the others; {told}")
    return {value: word for word, value in words.items()} | read


def _read(where: str, row: Mapping[str, Any], words: Mapping[str, Word]) -> dict[Word, str]:
    read: dict[Word, str] = {}
    is_number = type(next(iter(words.values()))) is int
    for name in (given := table(row, "read", where) if "read" in row else {}):
        if text_in(given, f"{where}read.", name, "") not in words:
            raise wrong(f"{where}read.{name}", f"must be one of: {', '.join(words)}")
        # Of two spellings of a number one would win without a word.
        if is_number and not _is_number(name):
            raise wrong(f"{where}read.{name}", "must be a whole number, as the words are, without zeros in front")
        read[int(name) if is_number else name] = given[name]
    return read
