"""Forms of a batch's answer (hop 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from gateway.api.answers import BatchFailed, body_answer, failed_detail, json_answer, retry_after
from gateway.api.form import Form
from gateway.api.stream import rehearsed_stream, stream
from gateway.batch.outcome import ItemError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from gateway.api.request import GatewayRequest, GatewayResponse
    from gateway.api.under_way import UnderWay


def plain(begun: AbstractContextManager[UnderWay], _request: GatewayRequest) -> GatewayResponse:
    """Raises BatchFailed where no item was updated (contract 1.3)."""
    with begun as batch:
        resource, outcomes = batch.resource, batch.run.outcomes()
        summary = batch.report("sync")
        result = summary.verdict
        errors = [error.body(index, resource.id_name, item_id) for index, item_id, error in summary.failed]
        if result.problem:
            detail = failed_detail(result.problem, resource, len(errors))
            raise BatchFailed(result.problem, detail, result, errors)
        updated = [outcome for outcome in outcomes if not isinstance(outcome, ItemError)]
        more = b',"errors":%b' % orjson.dumps(errors) if errors else b""
        # The answer may be large, so it is put together once.
        updated[0] = b'{"data":[' + updated[0]
        updated[-1] = b"%b]%b}" % (updated[-1], more)
        return body_answer(b",".join(updated), result.status, retry_after(result))


def rehearsed(_request: GatewayRequest, items: int) -> GatewayResponse:
    return json_answer({"data": [], "validated": items})


FORMS: Mapping[str, Form] = {
    "plain": Form(plain, rehearsed, is_paced=False),
    "stream": Form(stream, rehearsed_stream, is_paced=True),
}
