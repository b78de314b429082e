"""The core's endpoints, when nothing goes wrong."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import refuse
from sandbox.core.fields import INTEGRATION_ACTION_RULES, check
from sandbox.core.store import NameTaken
from sandbox.server.messages import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Collection as Some
    from collections.abc import Iterator, Mapping, Sequence

    from sandbox.core.collections import Collection
    from sandbox.core.database import Database, Row
    from sandbox.core.fields import Rule
    from sandbox.core.journal import Journal
    from sandbox.core.store import Store
    from sandbox.server.messages import Request
    from sandbox.server.router import Route

MEDIA_TYPE = "application/vnd.core.v1+json"


class Api:
    """A change and its journal entry are one transaction."""

    def __init__(
        self,
        database: Database,
        store: Store,
        journal: Journal,
        collections: Sequence[Collection],
        *,
        honours_idempotency: bool,
    ) -> None:
        self._database = database
        self._store = store
        self._journal = journal
        self._collections = collections
        self._honours_idempotency = honours_idempotency
        self.replayed = 0

    def routes(self) -> list[Route]:
        """Method, path, handler."""
        integration_action = "/integrations/{integration_id}/actions/{action_id}"
        return [
            *(route for kind in self._collections for route in self._routes(kind)),
            ("PUT", integration_action, self.put_integration_action),
            ("GET", integration_action, self.get_integration_action),
        ]

    def _routes(self, kind: Collection) -> Iterator[Route]:
        yield "PATCH", f"/{kind.name}/{{row_id}}", partial(self.patch, kind)
        yield "GET", f"/{kind.name}/{{row_id}}", partial(self.get, kind)

    def get(self, kind: Collection, _request: Request, row_id: str) -> Answer:
        """200 with the row of a collection."""
        return json_answer({"data": self._row(kind, row_id)})

    def patch(self, kind: Collection, request: Request, row_id: str) -> Answer:
        """Change the fields given; null clears."""
        fields = _checked(request, kind.rules)
        replayed = self._replayed(request)
        if replayed:
            return replayed
        row = self._row(kind, row_id)
        with self._database.transaction():
            self._store.change(kind, row["id"], fields)
            return self._applied(request, {**row, **fields})

    def get_integration_action(self, _request: Request, integration_id: str, action_id: str) -> Answer:
        """200 with the integration's action."""
        return json_answer({"data": self._integration_action(integration_id, action_id)})

    def put_integration_action(self, request: Request, integration_id: str, action_id: str) -> Answer:
        """Replace name, description and input fields; ``code`` is kept where it is left out."""
        fields = _checked(request, INTEGRATION_ACTION_RULES, ("name",))
        replayed = self._replayed(request)
        if replayed:
            return replayed
        action = self._integration_action(integration_id, action_id)
        changed = {"description": "", "input_fields": [], **fields}
        try:
            with self._database.transaction():
                self._store.replace_integration_action(action["id"], changed)
                return self._applied(request, {**action, **changed})
        except NameTaken as exc:
            message = "An action with this name already exists."
            raise refuse(409, message, {"name": ["The name has already been taken."]}) from exc

    def _applied(self, request: Request, row: Row) -> Answer:
        answer = json_answer({"data": row})
        self._journal.record(request, answer.body)
        return answer

    def _replayed(self, request: Request) -> Answer | None:
        key = request.headers.get("idempotency-key")
        entry = self._journal.find(key) if key and self._honours_idempotency else None
        if entry is None:
            return None
        if (entry["method"], entry["path"], entry["body"]) != (request.method, request.path, request.body.decode()):
            raise refuse(422, "This Idempotency-Key was used for another call.")
        self.replayed += 1
        headers = (("Content-Type", "application/json"), ("Idempotency-Replayed", "true"))
        return Answer(200, entry["answer"].encode(), headers)

    def _row(self, kind: Collection, text: str) -> Row:
        row_id = kind.id.read(text)
        row = None if row_id is None else self._store.row(kind, row_id)
        if row is None:
            raise refuse(404)
        return row

    def _integration_action(self, integration_id: str, action_id: str) -> Row:
        integration = self._store.integration(integration_id.lower())
        if integration is None:
            raise refuse(404, "No query results for this integration.")
        if integration["is_forbidden"]:
            raise refuse(403)
        action = self._store.integration_action(integration["id"], action_id.lower())
        if action is None:
            raise refuse(404)
        return action


def _checked(request: Request, rules: Mapping[str, Rule], required: Some[str] = ()) -> dict[str, Any]:
    _check_media_types(request.headers)
    try:
        body = request.json()
    except ValueError as exc:
        raise refuse(400) from exc
    if not isinstance(body, dict):
        raise refuse(400, "The body must be an object.")
    errors = check(body, rules, required)
    if errors:
        raise refuse(422, errors=errors)
    return body


def _check_media_types(headers: Mapping[str, str]) -> None:
    accept = headers.get("accept", "*/*")
    if MEDIA_TYPE not in accept and "*/*" not in accept:
        raise refuse(406, f"This core speaks {MEDIA_TYPE}.")
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise refuse(415, "The body must be application/json.")
