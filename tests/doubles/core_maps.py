"""Maps of a core like the shipped one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.resources.core_map import shipped
from schemas.actions import ActionUpdateSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest

    from gateway.resources.resource import Resource

SCHEMA = ActionUpdateSchema(languages=("en", "fr"))


def written(resource: Resource, item: Mapping[str, object], prefix: str = "k") -> PreparedRequest:
    """The call that an update becomes."""
    [loaded] = resource.items({"data": [item]})
    operation = resource.operation
    return operation.write(operation.template("http://core"), resource.call(loaded), prefix)


def changed(line: str, becomes: str) -> str:
    """The shipped map with another line."""
    text = shipped()
    assert line in text
    return text.replace(line, becomes)
