"""The schemas as JSON Schema for OpenAPI 3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from schemas.fields import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow.fields import Field

    from schemas.base import StrictSchema

_OF_THE_PLACE = ("description", "default")


class _Converter(OpenAPIConverter):
    def schema2jsonschema(self, schema: StrictSchema) -> dict[str, Any]:
        """Adds the rules over several fields."""
        described: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec's is not annotated
        return {**described, **schema.json_schema}

    def fields2jsonschema(self, fields: Mapping[str, Field[Any]], **options: Any) -> dict[str, Any]:
        """Leaves out what may not be sent: it is refused as any unknown name is."""
        sendable = {name: field for name, field in fields.items() if not isinstance(field, ReadOnly)}
        described: dict[str, Any] = super().fields2jsonschema(sendable, **options)  # type: ignore[no-untyped-call]  # apispec's is not annotated
        return described

    def field2property(self, field: Field[Any]) -> dict[str, Any]:
        """A field with a known name is a component: one type in a generated client.

        Raises TypeError where one name is given to two types.
        """
        described: dict[str, Any] = {**super().field2property(field), **getattr(field, "json_schema", {})}
        name = getattr(field, "known_as", "")
        if not name:
            return described
        own, known = _apart(described, field), self.spec.components.schemas
        if name not in known:
            self.spec.components.schema(name, own)
        elif known[name] != own:
            raise TypeError(f"{field.name}: another type is known as {name}")
        reference = {"$ref": f"#/components/schemas/{name}"}
        place = {name: described[name] for name in _OF_THE_PLACE if name in described}
        return {**(_or_null(reference) if field.allow_none else reference), **place}


class ContractPlugin(MarshmallowPlugin):
    Converter = _Converter


def _apart(described: Mapping[str, Any], field: Field[Any]) -> dict[str, Any]:
    own = {name: value for name, value in described.items() if name not in _OF_THE_PLACE}
    if field.allow_none:
        own["type"] = next(name for name in own["type"] if name != "null")
        if "enum" in own:
            own["enum"] = [word for word in own["enum"] if word is not None]
    return own


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
