"""The faults of ``CheckedCore``: each is what one row of the check is about."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.core.errors import core_faults, legacy_error
from sandbox.server.messages import Answer, Request
from tests.doubles.checked_core import (
    ITEM,
    has_unknown_field,
    has_wrong_value,
    is_missing,
    is_stranger,
    is_write,
    value_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.doubles.checked_core import CheckedCore, Fault


def to_strangers(answer: Answer) -> Fault:
    return lambda _core, request: answer if is_stranger(request) else None


def of_missing(answer: Answer) -> Fault:
    """To an update that would be a 404."""

    def usual(request: Request) -> bool:
        return not is_stranger(request) and orjson.loads(request.body) == {}

    return lambda _core, request: answer if is_missing(request) and usual(request) else None


def of_success(kind: str) -> Fault:
    """A fault of the sandbox on each update of the item that would be a success."""
    spoil = core_faults()[kind]

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or has_wrong_value(request) or has_unknown_field(request):
            return None
        return spoil.spoil(core.as_usual(request) if spoil.is_applied else Answer())

    return fault


def of_item(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Success of an update with another document."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or has_wrong_value(request) or has_unknown_field(request):
            return None
        answer = core.as_usual(request)
        if answer.status != 200:
            return answer
        return replace(answer, body=orjson.dumps(change(orjson.loads(answer.body))))

    return fault


def of_headers(*headers: tuple[str, str], answer: Answer | None = None) -> Fault:
    """On answers about the missing item, which are looked at without the gateway's transport."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_missing(request) or is_stranger(request):
            return None
        usual = answer or core.as_usual(request)
        return replace(usual, headers=(*usual.headers, *headers))

    return fault


def of_wrong_value(answer: Answer) -> Fault:
    return lambda _core, request: answer if has_wrong_value(request) else None


def to_unknown_field(answer: Answer) -> Fault:
    return lambda _core, request: answer if has_unknown_field(request) else None


def of_item_alone(answer: Answer) -> Fault:
    """To whatever is asked about the item that is there."""
    return lambda _core, request: answer if request.path.endswith(f"/{ITEM}") else None


def of_unknown_field(core: CheckedCore, request: Request) -> Answer | None:
    """Ignored, where the id is known."""
    if not has_unknown_field(request):
        return None
    return legacy_error(404) if is_missing(request) else core.as_usual(request, {})


def looks_first(core: CheckedCore, request: Request) -> Answer | None:
    """For the id, and at the body then."""
    return legacy_error(404) if is_missing(request) and not is_stranger(request) else None


def takes_anything(core: CheckedCore, request: Request) -> Answer | None:
    if not has_wrong_value(request):
        return None
    return legacy_error(404) if is_missing(request) else core.as_usual(request, {"subtitle_en": "[object Object]"})


def closes_at_rest(core: CheckedCore, request: Request) -> Answer | None:
    if is_missing(request):
        core.close_at_rest(0.5)
    return None


def closes_each(core: CheckedCore, request: Request) -> Answer | None:
    return replace(core.as_usual(request), ending="close") if is_missing(request) and not is_stranger(request) else None


def closes_without_a_word(core: CheckedCore, request: Request) -> Answer | None:
    if is_missing(request):
        core.close_now()
    return None


def tires(core: CheckedCore, request: Request) -> Answer | None:
    """After ten calls a connection ends without a word."""
    if is_missing(request) and not is_stranger(request):
        connection = f"connection {core.traffic.connections}"
        core.uses[connection] += 1
        if core.uses[connection] > 10:
            return Answer(ending="vanish")
    return None


def ignores_keys(core: CheckedCore, request: Request) -> Answer | None:
    return _with_key(core, request, "") if is_write(request) else None


def has_keys_by_connection(core: CheckedCore, request: Request) -> Answer | None:
    key = f"{request.headers.get('idempotency-key')}/{core.traffic.connections}"
    return _with_key(core, request, key) if is_write(request) else None


def has_two_nodes(core: CheckedCore, request: Request) -> Answer | None:
    """Each has keys of its own, and of twenty connections after that of a key one is to the other."""
    key = request.headers.get("idempotency-key", "")
    first = core.uses.setdefault(key, core.traffic.connections)
    return _with_key(core, request, f"{key}/{core.traffic.connections - first == 15}") if is_write(request) else None


def forgets_keys(core: CheckedCore, request: Request) -> Answer | None:
    """After four calls."""
    key = request.headers.get("idempotency-key", "")
    core.uses[key] += 1
    return _with_key(core, request, "") if is_write(request) and core.uses[key] > 4 else None


def learns_keys_late(core: CheckedCore, request: Request) -> Answer | None:
    """The second call with a key is applied, if it is not the same, and the third is not."""
    key = request.headers.get("idempotency-key", "")
    core.uses[key] += 1
    is_other = core.uses.setdefault(f"body of {key}", hash(request.body)) != hash(request.body)
    return _with_key(core, request, "") if is_write(request) and is_other and core.uses[key] == 2 else None


def has_keys_with_bodies(core: CheckedCore, request: Request) -> Answer | None:
    key = f"{request.headers.get('idempotency-key')}/{hash(request.body)}"
    return _with_key(core, request, key) if is_write(request) else None


def in_a_crowd(answer: Answer) -> Fault:
    """To a value that is written at once with another, and never else."""
    return lambda _core, request: answer if is_write(request) and value_in(request) == "gateway check 2" else None


def under_load(answer: Answer | None = None, seconds: float = 0.0) -> Fault:
    """After 40 updates: 16 to 20 of the other rows, and 20 of the first level."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or core.writes <= 40:
            return None
        return replace(answer or core.as_usual(request), delay=seconds)

    return fault


def with_value(change: Callable[[Any], Any]) -> Fault:
    """Another value of the field is kept."""

    def fault(core: CheckedCore, request: Request) -> Answer | None:
        if not is_write(request) or has_wrong_value(request) or has_unknown_field(request):
            return None
        return core.as_usual(request, {"subtitle_en": change(value_in(request))})

    return fault


def refuses_long(core: CheckedCore, request: Request) -> Answer | None:
    if is_write(request) and type(value_in(request)) is str and len(value_in(request)) > 200:
        return legacy_error(422, errors={"subtitle_en": ["Must have 0 to 200 characters."]})
    return None


def _with_key(core: CheckedCore, request: Request, key: str) -> Answer:
    return core.as_usual(request._replace(headers={**request.headers, "idempotency-key": key}))


def as_gzip(core: CheckedCore, request: Request) -> Answer | None:
    if not is_missing(request) or is_stranger(request):
        return None
    usual = core.as_usual(request)
    return replace(usual, body=gzip.compress(usual.body), headers=(*usual.headers, ("Content-Encoding", "gzip")))


def an_hour_off(core: CheckedCore, request: Request) -> Answer | None:
    answer = core.as_usual(request) if not is_stranger(request) else legacy_error(401)
    return replace(answer, headers=(*answer.headers, ("Date", formatdate(time.time() + 3600, usegmt=True))))
