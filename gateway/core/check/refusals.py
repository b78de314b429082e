"""Why a core refuses an update, in its own words: the status, its code, and headers that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from gateway.core.check.answers import document, shape
from gateway.core.check.finding import Proposal
from gateway.core.check.shapes import name_of
from legacy_client.sending.shape import getter
from legacy_client.sending.texts import word_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from legacy_client.single.seen import Seen

_DEEPEST = 3
_MOST_NAMES = 8
# A code is a word of the protocol; anything else may be somebody's data.
_is_code = re.compile(r"[A-Za-z0-9_.-]{1,32}").fullmatch
_is_own_header = re.compile(r"X(?:-[A-Za-z0-9]{1,24}){1,4}", re.IGNORECASE).fullmatch


def reason(seen: Seen, code_at: Sequence[str], sent: Mapping[str, str]) -> str:
    """In one line, without a value of the item. ``sent`` are the headers of the call."""
    code = word_of(getter(tuple(code_at))(document(seen))) if code_at else None
    told = [f"status {seen.status}"]
    told += [f"{'.'.join(code_at)}: {code}"] if code and _is_code(code) else []
    told += [f"{name}: {orjson.dumps(names).decode()}" for name, names in _named(seen, sent).items()]
    return ", ".join(told)


def is_the_same(one: Seen, other: Seen, code_at: Sequence[str], sent: Mapping[str, str]) -> bool:
    """Whether two refusals have one reason, as far as their words tell."""
    return reason(one, code_at, sent) == reason(other, code_at, sent) and shape(one) == shape(other)


def headers_named(seen: Seen, sent: Mapping[str, str]) -> Sequence[str]:
    """Those of ``sent``, or of a team's own, that the answer names."""
    return [header for names in _named(seen, sent).values() for header in names]


def proposals(headers: Sequence[str], sent: Mapping[str, str], fixed: Collection[str]) -> list[Proposal]:
    """``fixed`` are names of headers of the map, in lower case. Of those that are not, the key alone is sent."""
    names = {name.lower() for name in sent}
    return [
        Proposal('[update] key_form = "hex_upper"', f"if {header} takes fewer characters; key_length beside it")
        if header.lower() in names - set(fixed)
        else Proposal(f'[update] headers = {{{header} = "…"}}', "what the core asks for")
        for header in headers
    ]


def _named(seen: Seen, sent: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    """Names in the body → headers that stand there."""
    known = {name.lower() for name in sent}
    found = {
        path: [text for text in texts if text.lower() in known or _is_own_header(text)][:_MOST_NAMES]
        for path, texts in _texts(document(seen), "", 0)
    }
    return {path: headers for path, headers in found.items() if headers}


def _texts(value: Any, path: str, depth: int) -> Iterator[tuple[str, Sequence[str]]]:
    if type(value) is dict and depth < _DEEPEST:
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name_of(name)}".removeprefix("."), depth + 1)
    elif type(value) is list:
        yield path, [each for each in value if type(each) is str]
    elif type(value) is str:
        yield path, [value]
