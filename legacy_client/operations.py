"""How a call is written as a request, and which ``id`` its answer must have."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import orjson

from legacy_client.template import RequestTemplate

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from legacy_client.calls import Update

    Write = Callable[[RequestTemplate, Update, str], PreparedRequest]
    Spell = Callable[[str], str]

Call = TypeVar("Call")

HEADERS = (("Accept", "application/vnd.core.v1+json"), ("Content-Type", "application/json"))
"""Those of contract section 3."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TEXT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}")
MOST_DIGITS = 20
"""Of an id that is a number."""
MOST_CHARACTERS = 64
"""Of an id that is a text, slashes counted."""


class Operation(Generic[Call]):
    """``write`` takes a template, the call and the prefix of its key. ``headers`` are those of all its calls.

    ``read_path``: where GET shows what a call changes; None: where the call goes.
    """

    __slots__ = ("expected_id", "headers", "method", "read_path", "write")

    def __init__(
        self,
        method: str,
        write: Callable[[RequestTemplate, Call, str], PreparedRequest],
        expected_id: Callable[[Call], int | str],
        headers: tuple[tuple[str, str], ...] = HEADERS,
        read_path: Callable[[Call], str] | None = None,
    ) -> None:
        self.method = method
        self.write = write
        self.expected_id = expected_id
        self.headers = headers
        self.read_path = read_path

    def template(self, base_url: str) -> RequestTemplate:
        """Raises ValueError."""
        return RequestTemplate.of(self.method, base_url, dict(self.headers))


class IntegrationActionReplacement(NamedTuple):
    """``PUT /integrations/{integration_id}/actions/{action_id}``. Both ids are UUIDs; ``fields`` have legacy names."""

    integration_id: str
    action_id: str
    fields: dict[str, object]


def is_number(item_id: str) -> bool:
    return item_id.isascii() and item_id.isdigit() and len(item_id) <= MOST_DIGITS


def is_uuid(item_id: str) -> bool:
    return _UUID.fullmatch(item_id) is not None


def is_plain_text(item_id: str) -> bool:
    """What stands in a path as it is, and is no dot segment."""
    return _TEXT.fullmatch(item_id) is not None


def is_path_text(item_id: str) -> bool:
    """Plain texts with slashes between them, or one alone."""
    return len(item_id) <= MOST_CHARACTERS and all(map(is_plain_text, item_id.split("/")))


def path_text(segments: int) -> Callable[[str], bool]:
    """So many plain texts with slashes between them: another number may be another resource of the core."""
    return lambda item_id: is_path_text(item_id) and item_id.count("/") == segments - 1


def hex_digest(change: Spell, length: int) -> Spell:
    """The first digits of a key's SHA-256, at most 64 of them. ``change`` is their case."""
    return lambda key: change(hashlib.sha256(key.encode()).hexdigest()[:length])


def updates(
    path: str,
    is_id: Callable[[str], bool],
    *,
    key_header: str = "Idempotency-Key",
    wrap: str = "",
    spell_key: Spell | None = None,
) -> Write:
    """Writes calls for ``path``, whose ``{id}`` is the item's. Raises ValueError for what cannot be sent.

    ``wrap``: the name of an object that the fields stand in, if they do, with a dot for each level.
    ``spell_key``: the key as the core takes it; None: as it is.
    """
    start, _, end = path.partition("{id}")
    levels = wrap.split(".") if wrap else []
    opening, closing = b"".join(b"{%b:" % orjson.dumps(name) for name in levels), b"}" * len(levels)

    def write(template: RequestTemplate, call: Update, key_prefix: str) -> PreparedRequest:
        item_id = call.id
        # Ids go into the path, where `..`, `%2f` and the like must never get.
        if not is_id(item_id):
            raise ValueError("the id has not the form of an id")
        if not call.body:
            raise ValueError("an update has a body")
        body = b"%b%b%b" % (opening, call.body, closing) if wrap else call.body
        key = f"{key_prefix}-{item_id}"
        return template.prepare(f"{start}{item_id}{end}", body, {key_header: spell_key(key) if spell_key else key})

    return write


def reads(path: str, width: int) -> Callable[[Update], str]:
    """The path where an item is shown, for ids with zeros in front up to ``width`` digits."""
    return lambda call: path.replace("{id}", call.id.zfill(width))


def with_zeros(write: Write, width: int) -> Write:
    """Ids have zeros in front, up to ``width`` digits."""

    def write_padded(template: RequestTemplate, call: Update, key_prefix: str) -> PreparedRequest:
        return write(template, call._replace(id=call.id.zfill(width)), key_prefix)

    return write_padded


def numeric_id(call: Update) -> int:
    return int(call.id)


def same_id(call: Update) -> str:
    return call.id


def padded_id(width: int) -> Callable[[Update], str]:
    return lambda call: call.id.zfill(width)


def _write_replacement(
    template: RequestTemplate, call: IntegrationActionReplacement, key_prefix: str
) -> PreparedRequest:
    if not (is_uuid(call.integration_id) and is_uuid(call.action_id)):
        raise ValueError("the ids of an integration's action are UUIDs")
    return template.prepare(
        f"/integrations/{call.integration_id}/actions/{call.action_id}",
        orjson.dumps(call.fields),
        {"Idempotency-Key": f"{key_prefix}-{call.action_id}"},
    )


def _replaced_id(call: IntegrationActionReplacement) -> str:
    return call.action_id


UPDATE_ACTION = Operation("PATCH", updates("/actions/{id}", is_number), numeric_id)
"""``PATCH /actions/{id}``"""
REPLACE_INTEGRATION_ACTION = Operation("PUT", _write_replacement, _replaced_id)
"""``PUT /integrations/{integration_id}/actions/{action_id}``"""
