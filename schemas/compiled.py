"""What it does not surely accept it leaves to Marshmallow."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError, missing
from marshmallow.decorators import VALIDATES_SCHEMA

from schemas.base import MAX_NAMES, StrictSchema
from schemas.containers import ObjectList
from schemas.fields import ContractField
from schemas.row_kinds import RowKinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marshmallow import Schema
    from marshmallow.fields import Field

    from schemas.acceptors import Accept
    from schemas.row_kinds import LoadRest

_log = logging.getLogger(__name__)

Errors = dict[Any, Any]
Loader = Callable[[Any, Errors], dict[str, Any]]
Resolve = Callable[[str, dict[str, Any], dict[str, Any], Errors], None]


def compile_loader(schema: Schema) -> Loader:
    """``schema.load`` for one object, many times faster: ``load(value, errors)`` gives what could be loaded.

    It fills the empty ``errors`` with the messages of ``schema.load``. What cannot be compiled is loaded by
    Marshmallow, and logged.
    """
    reason = _obstacle(schema)
    if reason or not isinstance(schema, StrictSchema):
        _log.warning("schema_not_compiled", extra={"schema": type(schema).__name__, "reason": reason})
        return lambda value, errors: _load_slowly(schema, value, errors)
    return _loader(schema)


def compile_acceptor(schema: Schema) -> Callable[[Any], dict[str, Any] | None]:
    """None where ``schema.load`` would raise."""
    load = compile_loader(schema)

    def accept(value: Any) -> dict[str, Any] | None:
        errors: Errors = {}
        loaded = load(value, errors)
        return None if errors else loaded

    return accept


def compile_row_kinds(schema: Schema) -> RowKinds | None:
    """None where nobody can say. A value is asked about without the schema's ``check``."""
    if _obstacle(schema) or not isinstance(schema, StrictSchema):
        return None
    fields = schema.load_fields
    asked = {
        name: field
        for name, field in fields.items()
        if isinstance(field, ContractField) and not (field.validators or field.pre_load or field.post_load)
    }
    return RowKinds(
        accepts={name: asked[name].accept if name in asked else None for name in fields},
        surely_all={name: field.surely_all for name, field in asked.items()},
        needed=[name for name, field in fields.items() if _is_expected(field)],
        load_rest=_rest_loader(schema, {name: asked[name].accept if name in asked else _never for name in fields}),
    )


def _is_expected(field: Field[Any]) -> bool:
    return field.required or field.load_default is not missing


def _loader(schema: StrictSchema) -> Loader:
    fields = schema.load_fields
    accepts = {name: _accept_of(field) for name, field in fields.items()}
    expected = [name for name, field in fields.items() if _is_expected(field)]
    resolve = _resolver(schema, accepts)
    has_check = type(schema).check is not StrictSchema.check

    def load(item: Any, errors: Errors) -> dict[str, Any]:
        if type(item) is not dict or len(item) > MAX_NAMES:
            return _load_slowly(schema, item, errors)
        loaded = item.copy()  # most values load as they are
        for name, value in item.items():
            try:
                accepted = accepts[name](value)
            except KeyError:  # a name that the schema does not know
                accepted = None
            if accepted is None:
                resolve(name, item, loaded, errors)
            elif accepted is not value:
                loaded[name] = accepted
        for name in expected:
            if name not in item:
                resolve(name, item, loaded, errors)
        if has_check and not errors:
            _check(schema, loaded, errors)
        return loaded

    return load


def _rest_loader(schema: StrictSchema, accepts: dict[str, Accept]) -> LoadRest:
    resolve = _resolver(schema, accepts)

    def load_rest(item: dict[str, Any], errors: Errors, doubtful: Sequence[str]) -> dict[str, Any]:
        loaded = item.copy()
        for name in doubtful:
            value = item.get(name)
            accepted = accepts[name](value) if name in accepts else None
            if accepted is None:
                resolve(name, item, loaded, errors)
            elif accepted is not value:
                loaded[name] = accepted
        if not errors:
            _check(schema, loaded, errors)
        return loaded

    return load_rest


def _resolver(schema: Schema, accepts: dict[str, Accept]) -> Resolve:
    """Decides about a name in doubt: a value for ``loaded``, or messages for ``errors``."""
    fields, unknown = schema.load_fields, schema.error_messages["unknown"]
    explain = {
        name: field.explain
        for name, field in fields.items()
        if isinstance(field, ContractField) and accepts[name] is not _never
    }

    def resolve(name: str, item: dict[str, Any], loaded: dict[str, Any], errors: Errors) -> None:
        value = loaded.pop(name, None)
        if value is not None and name in explain:
            reasons = explain[name](value)
            errors[name] = reasons if isinstance(reasons, dict) else [reasons]
        elif name in fields:
            _ask(fields[name], name, item, loaded, errors)
        else:
            errors[name] = [unknown]

    return resolve


def _ask(field: Field[Any], name: str, item: dict[str, Any], loaded: dict[str, Any], errors: Errors) -> None:
    """Only the field knows what an absent or null value means."""
    try:
        loaded[name] = field.deserialize(item.get(name, missing), name, item)
    except ValidationError as refusal:
        errors[name] = refusal.messages


def _check(schema: StrictSchema, loaded: dict[str, Any], errors: Errors) -> None:
    try:
        schema.check(loaded)
    except ValidationError as refusal:
        errors |= refusal.normalized_messages()  # type: ignore[no-untyped-call] # Marshmallow's own.


def _load_slowly(schema: Schema, value: Any, errors: Errors) -> dict[str, Any]:
    try:
        loaded = schema.load(value)
    except ValidationError as refusal:
        errors |= refusal.messages_dict
        loaded = refusal.valid_data
    return loaded if isinstance(loaded, dict) else {}


def _accept_of(field: Field[Any]) -> Accept:
    """How to accept a value quickly: None means doubt."""
    if not (field.validators or field.pre_load or field.post_load):
        accept: Accept | None = getattr(field, "accept", None)
        if accept is not None:
            return accept
        if type(field) is ObjectList:
            return _accept_each(compile_acceptor(field.entry_schema), field)
    _log.warning("field_not_compiled", extra={"field": field.name, "type": type(field).__name__})
    return _never


def _accept_each(accept: Accept, field: ObjectList) -> Accept:
    def accept_each(value: Any) -> list[Any] | None:
        if not field.is_sized(value):
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
