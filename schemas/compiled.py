"""A fast loader made once from a schema's own fields: it takes what they surely accept and asks Marshmallow for the rest.

The schema stays the one source of truth: same results, same messages (the property test in ``test_compiled.py``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError, missing
from marshmallow.decorators import VALIDATES_SCHEMA

from schemas.base import UNKNOWN_FIELD, StrictSchema
from schemas.containers import ObjectList
from schemas.fields import ContractField

if TYPE_CHECKING:
    from marshmallow import Schema
    from marshmallow.fields import Field

_log = logging.getLogger(__name__)

Loader = Callable[[Any], dict[str, Any]]
Accept = Callable[[Any], Any]


def compile_loader(schema: Schema) -> Loader:
    """``schema.load`` for one object, many times faster: the same result, or ValidationError with the same messages.

    A schema that cannot be compiled keeps its own ``load``; a field that cannot be keeps its own ``deserialize``.
    """
    reason = _obstacle(schema)
    if reason or not isinstance(schema, StrictSchema):
        _log.warning("schema_not_compiled", extra={"schema": type(schema).__name__, "reason": reason})
        return schema.load
    return _loader(schema, {name: _accept_of(field) for name, field in schema.load_fields.items()})


def compile_acceptor(schema: Schema) -> Callable[[Any], dict[str, Any] | None]:
    """The loaded object, or None where ``schema.load`` would raise."""
    load = compile_loader(schema)

    def accept(value: Any) -> dict[str, Any] | None:
        try:
            return load(value)
        except ValidationError:
            return None

    return accept


def _loader(schema: StrictSchema, accepts: dict[str, Accept]) -> Loader:
    expected = {
        name for name, field in schema.load_fields.items() if field.required or field.load_default is not missing
    }
    check = schema.check if type(schema).check is not StrictSchema.check else None
    accept_of: Callable[[str, Accept], Accept] = accepts.get
    marshmallow_load: Loader = schema.load

    def load(item: Any) -> dict[str, Any]:
        if type(item) is not dict:
            return marshmallow_load(item)
        loaded: dict[str, Any] = {}
        doubtful = []
        for name, value in item.items():
            accepted = accept_of(name, _never)(value)
            if accepted is None:
                doubtful.append(name)
            else:
                loaded[name] = accepted
        if doubtful or not expected <= item.keys():
            doubtful += [name for name in schema.load_fields if name in expected and name not in item]
            _settle(schema, item, doubtful, loaded)
        if check is not None:
            _check(check, loaded)
        return loaded

    return load


def _settle(schema: Schema, item: dict[str, Any], doubtful: list[str], loaded: dict[str, Any]) -> None:
    """Ask the schema's own field for each doubtful name: fills ``loaded``, or raises all that the fields say."""
    errors: dict[str, Any] = {}
    for name in doubtful:
        field = schema.load_fields.get(name)
        if field is None:
            errors[name] = [UNKNOWN_FIELD]
            continue
        try:
            value = field.deserialize(item.get(name, missing), name, item)
        except ValidationError as refusal:
            errors[name] = refusal.messages
        else:
            loaded[name] = value
    if errors:
        raise ValidationError(errors, valid_data=loaded)


def _check(check: Callable[[dict[str, Any]], None], loaded: dict[str, Any]) -> None:
    try:
        check(loaded)
    except ValidationError as refusal:
        raise ValidationError(refusal.normalized_messages(), valid_data=loaded) from None  # type: ignore[no-untyped-call] # Marshmallow's


def _accept_of(field: Field[Any]) -> Accept:
    """How to accept a value of ``field`` quickly: None means doubt."""
    own_way = field.validators or field.pre_load or field.post_load
    if isinstance(field, ContractField) and not own_way:
        return field.accept
    if type(field) is ObjectList and not own_way:
        return _accept_each(compile_acceptor(field.inner.schema), field)  # type: ignore[attr-defined] # inner is Nested.
    _log.warning("field_not_compiled", extra={"field": field.name, "type": type(field).__name__})
    return _never


def _accept_each(accept: Accept, field: ObjectList) -> Accept:
    def accept_each(value: Any) -> list[Any] | None:
        if type(value) is not list or not field.least <= len(value) <= field.most:
            return None
        loaded = [accept(entry) for entry in value]
        return None if None in loaded else loaded

    return accept_each


def _never(_value: Any) -> None:
    """Doubts everything."""


def _obstacle(schema: Schema) -> str:
    """Why ``schema`` cannot be compiled; empty where it can."""
    if not isinstance(schema, StrictSchema):
        return "not a StrictSchema"
    if schema.many or schema.partial or schema.unknown != "raise":
        return "loads many, partially, or what it does not know"
    hooks = [(tag, name) for tag, found in schema._hooks.items() for name, *_ in found]  # noqa: SLF001 -- Marshmallow has no public list of a schema's hooks
    if hooks != [(VALIDATES_SCHEMA, "run_check")]:
        return "has hooks of its own"
    renamed = [name for name, field in schema.load_fields.items() if field.data_key or field.attribute]
    return f"renames {renamed[0]}" if renamed else ""
