"""The client of openapi-python-client: every answer as the types that it made."""

import json
import os

from gateway_client import AuthenticatedClient
from gateway_client.api.actions import update_actions
from gateway_client.models import ActionBatch, ActionBatchAnswer, ActionStatus, ActionUpdate, ItemOutcome, Problem
from gateway_client.types import UNSET

client = AuthenticatedClient(os.environ["GATEWAY"], token=os.environ["TOKEN"])


def send(*ids, **options):
    items = [ActionUpdate(action_id=i, status=ActionStatus.DONE, due_date="2024-01-10 06:51:15") for i in ids]
    return update_actions.sync_detailed(client=client, body=ActionBatch(data=items), **options)


def update(*ids, **options):
    answer = send(*ids, **options)
    assert isinstance(answer.parsed, ActionBatchAnswer)
    return int(answer.status_code), answer.parsed


def refused(*ids):
    answer = send(*ids)
    assert isinstance(answer.parsed, Problem)
    errors = [entry(error) for error in answer.parsed.errors or []]
    return {"code": int(answer.status_code), "type": answer.parsed.type_.rpartition("/")[2], "errors": errors}


def entry(error):
    outcome = error.outcome.value if isinstance(error.outcome, ItemOutcome) else None
    field, retryable = (None if value is UNSET else value for value in (error.field, error.retryable))
    return [error.index, error.action_id, error.code, field, outcome, retryable]


code, one = update("19000")
some_code, some = update("19000", "90404")
dry_code, dry = update("19000", "19001", dry_run=True)
failed = [[e.index, e.action_id, e.code, e.outcome.value, e.retryable] for e in some.errors]
print(
    json.dumps(
        {
            "updated": [code, one.data[0].action_id, one.data[0].status.value, one.data[0].due_date],
            "partly": [some_code, [action.action_id for action in some.data], failed],
            "dry_run": [dry_code, len(dry.data), dry.validated],
            "invalid": refused("19000", "19000"),
            "missing": refused("90404"),
            "limited": refused(*(str(19000 + n) for n in range(10))),
        }
    )
)
