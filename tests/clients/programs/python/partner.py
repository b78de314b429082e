"""The client of openapi-generator for Python: every answer as the types that it made."""

import json
import os

from gateway_client import ActionBatch, ActionId, ActionsApi, ActionStatus, ActionUpdate, ApiClient, Configuration
from gateway_client.exceptions import ApiException
from gateway_client.models import ItemOutcome, Problem

api = ActionsApi(ApiClient(Configuration(host=os.environ["GATEWAY"], access_token=os.environ["TOKEN"])))


def update(*ids, **options):
    items = [ActionUpdate(actionId=ActionId(i), status=ActionStatus.DONE, due_date="2024-01-10 06:51:15") for i in ids]
    return api.update_actions_with_http_info(ActionBatch(data=items), **options)


def refused(*ids):
    try:
        update(*ids)
    except ApiException as error:
        problem = error.data
        assert isinstance(problem, Problem)
        return {
            "code": error.status,
            "type": problem.type.rpartition("/")[2],
            "errors": list(map(entry, problem.errors or [])),
        }
    raise AssertionError("not refused")


def entry(error):
    outcome = None if error.outcome is None else ItemOutcome(error.outcome).value
    return [error.index, error.action_id, error.code, error.var_field, outcome, error.retryable]


one = update("19000")
some = update("19000", "90404")
dry = update("19000", "19001", dry_run=True)
assert some.data.errors[0].outcome is ItemOutcome.NOT_APPLIED
print(
    json.dumps(
        {
            "updated": [
                one.status_code,
                one.data.data[0].action_id,
                one.data.data[0].status.value,
                one.data.data[0].due_date,
            ],
            "partly": [
                some.status_code,
                [a.action_id for a in some.data.data],
                [[e.index, e.action_id, e.code, e.outcome.value, e.retryable] for e in some.data.errors],
            ],
            "dry_run": [dry.status_code, len(dry.data.data), dry.data.validated],
            "invalid": refused("19000", "19000"),
            "missing": refused("90404"),
            "limited": refused(*(str(19000 + n) for n in range(10))),
        }
    )
)
