"""Forms of a batch's answer (hop 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from gateway.api.answers import BatchFailed, body_answer, failed_detail, retry_after
from gateway.api.request import LogNotes
from gateway.batch.outcome import ItemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.api.request import GatewayResponse
    from gateway.batch.batch_claim import BatchClaim
    from gateway.batch.run import BatchRun, Summary
    from gateway.resources.resource import Resource
    from gateway.telemetry.events import ReplayKind

    Report = Callable[[BatchRun], Summary]
    Form = Callable[[Resource, BatchRun, BatchClaim, Report], GatewayResponse]

_REPLAYS: Mapping[str, ReplayKind] = {"replay": "replayed", "resume": "resumed"}


def plain(resource: Resource, run: BatchRun, claim: BatchClaim, report: Report) -> GatewayResponse:
    """Raises BatchFailed where no item was updated (contract 1.3)."""
    outcomes = run.outcomes()
    summary = report(run)
    result, replay = summary.verdict, _REPLAYS.get(claim.kind)
    errors = [error.body(index, resource.id_name, item_id) for index, item_id, error in summary.failed]
    if result.problem:
        detail = failed_detail(result.problem, resource, len(errors))
        raise BatchFailed(result.problem, detail, result, errors, summary.details, replay)
    updated = [outcome for outcome in outcomes if not isinstance(outcome, ItemError)]
    more = b',"errors":%b' % orjson.dumps(errors) if errors else b""
    # The answer may be large, so it is put together once.
    updated[0] = b'{"data":[' + updated[0]
    updated[-1] = b"%b]%b}" % (updated[-1], more)
    answer = body_answer(b",".join(updated), result.status, retry_after(result))
    answer.log_notes = LogNotes(replay=replay, batch=summary.details)
    return answer


FORMS: Mapping[str, Form] = {"plain": plain}
