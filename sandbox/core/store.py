"""The collections and integrations as the core holds them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.core import seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.core.collections import Collection
    from sandbox.core.database import Database, Row


class NameTaken(Exception):
    """Another action of the integration has this name."""


class Store:
    """A fresh file gets the seed."""

    def __init__(self, database: Database, collections: Sequence[Collection]) -> None:
        self._database = database
        self._collections = collections
        for kind in collections:
            database.create(kind.name, {"id": f"{kind.id.column} PRIMARY KEY", **kind.columns})
        with database.transaction():
            self._fill()

    def reset(self) -> None:
        """Forget every change and insert the seed."""
        with self._database.transaction():
            for table in ("integration_actions", "integrations", *(kind.name for kind in self._collections)):
                self._database.clear(table)
            self._fill()

    def row(self, kind: Collection, row_id: int | str) -> Row | None:
        """One row of a collection with all its legacy fields."""
        return self._database.one(f"SELECT * FROM {kind.name} WHERE id = ?", row_id)

    def change(self, kind: Collection, row_id: int | str, fields: Mapping[str, Any]) -> None:
        """Set the fields given; others keep their value."""
        self._database.update(kind.name, row_id, fields)

    def integration(self, integration_id: str) -> Row | None:
        """One integration: id, name, is_forbidden."""
        return self._database.one("SELECT * FROM integrations WHERE id = ?", integration_id)

    def integration_action(self, integration_id: str, action_id: str) -> Row | None:
        """One action of an integration, in the core's shape."""
        query = 'SELECT id, name, slug, description, code, "order", input_fields FROM integration_actions'
        row = self._database.one(f"{query} WHERE id = ? AND integration_id = ?", action_id, integration_id)
        return row and {**row, "input_fields": orjson.loads(row["input_fields"])}

    def replace_integration_action(self, action_id: str, fields: Mapping[str, Any]) -> None:
        """Raises NameTaken."""
        try:
            self._database.update("integration_actions", action_id, _stored(fields))
        except sqlite3.IntegrityError as exc:
            raise NameTaken(fields["name"]) from exc

    def _fill(self) -> None:
        """Insert the seed where a table is empty."""
        for kind in self._collections:
            if self._is_empty(kind.name):
                for row in kind.seed():
                    self._database.insert(kind.name, row)
        if self._is_empty("integrations"):
            for integration in seed.integrations():
                self._plant(integration)

    def _is_empty(self, table: str) -> bool:
        return not self._database.one(f"SELECT 1 FROM {table} LIMIT 1")

    def _plant(self, integration: seed.SeededIntegration) -> None:
        row = {"id": integration.id, "name": integration.name, "is_forbidden": integration.is_forbidden}
        self._database.insert("integrations", row)
        for action in seed.integration_actions(integration):
            self._database.insert("integration_actions", {**_stored(action), "integration_id": integration.id})


def _stored(fields: Mapping[str, Any]) -> Row:
    return {**fields, "input_fields": orjson.dumps(fields["input_fields"]).decode()}
