"""A part of a job: its bytes, read and checked like a batch (``contract.md`` 1.6)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.api.accept import LINES
from gateway.api.body import document_in, read_body
from gateway.api.calls import calls_in
from gateway.api.json_size import JsonSize
from gateway.api.validation import batch_refusal
from gateway.problems import Problem
from schemas.batches import BatchTooLarge, InvalidBatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.api.body_limits import BodyLimits
    from gateway.api.capacity import Capacity
    from gateway.api.request import GatewayRequest
    from gateway.api.unsent import UnsentRate
    from gateway.auth.principal import Principal
    from gateway.resources.resource import Resource
    from legacy_client.calls import Update

    Take = Callable[[int], None]

_BEFORE, _BETWEEN, _AFTER = b'{"data":[', b",", b"]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReader:
    capacity: Capacity
    unsent: UnsentRate
    body_limits: BodyLimits
    let_others_run: Callable[[], None]

    def read(self, request: GatewayRequest, take: Take) -> bytes:
        """The body, inflated. Raises Problem."""
        return read_body(request, self.body_limits, take, self.let_others_run, also=LINES)

    def calls(self, request: GatewayRequest, resource: Resource, caller: Principal, body: bytes) -> list[Update]:
        """Raises Problem 400 or 413, with a ``line`` for each error, counted from 1."""
        is_lines = request.mimetype == LINES
        try:
            with self.capacity.parsing(body):
                if not is_lines:
                    return calls_in(body, resource, caller.partner_ids, self.let_others_run)
                document = self._lines(resource, body)
                return [resource.call(item) for item in resource.items(document, caller.partner_ids)]
        except (InvalidBatch, BatchTooLarge) as exc:
            raise _with_lines(batch_refusal(resource, exc)) from exc

    def _document(self, resource: Resource, body: bytes) -> Any:
        return document_in(body, JsonSize(*resource.loader.most(len(body))), self.let_others_run)

    def _lines(self, resource: Resource, body: bytes) -> Any:
        text, most = body.removesuffix(b"\n"), resource.loader.max_items
        # Empty lines by the million would take twenty times their size.
        if (count := 1 + text.count(b"\n")) > most:
            raise BatchTooLarge(count, most)
        lines = text.split(b"\n") if text.strip() else []
        for number, line in enumerate(lines, 1):
            # The parser must not see one object in two lines, or two in one.
            bare = line.strip(b" \t\r")
            if not (bare.startswith(b"{") and bare.endswith(b"}")):
                raise _bad_line(number)
        try:
            document = self._document(resource, b"".join((_BEFORE, _BETWEEN.join(lines), _AFTER)))
        except Problem as problem:
            raise self._located(problem, lines) from problem
        if list(document) != ["data"] or len(document["data"]) != len(lines):
            raise _bad_line(self._first_bad(lines))
        return document

    def _located(self, problem: Problem, lines: list[bytes]) -> Problem:
        """``problem`` with the line that it is about, if it is about one."""
        if problem.slug != "invalid-json":
            return problem
        for number, line in enumerate(lines, 1):
            try:
                document_in(line, _ANY_SIZE, self.let_others_run)
            except Problem as exc:
                # Of a line alone every place is in its line 1, which is not that of the part.
                detail = exc.detail.replace(" at line 1, column ", " at column ")
                return Problem("invalid-json", f"Line {number}: {detail}", line=number)
        return problem

    def _first_bad(self, lines: list[bytes]) -> int:
        for number, line in enumerate(lines, 1):
            try:
                document_in(line, _ANY_SIZE, self.let_others_run)
            except Problem:
                return number
        return 1


# The whole has been found small enough, or is not JSON.
_ANY_SIZE = JsonSize(10**9, 10**9, 10**9)


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _bad_line(number: int) -> Problem:
    return Problem("invalid-json", f"Line {number} must be one JSON object.", line=number)


def _with_lines(problem: Problem) -> Problem:
    errors = problem.members.get("errors")
    if isinstance(errors, list):
        for error in errors:
            error["line"] = None if error["index"] is None else error["index"] + 1
    return problem
