"""What the clauses of HTTP are tried with."""

from __future__ import annotations

import json

BATCH = b'{"data":[{"actionId":"19000","status":"done"}]}'
JSON = "application/json"


def assert_problem(answer, status, slug):
    """RFC 9457: the media type, the status twice, a type that is a URI, and no word of the inside."""
    problem = answer.json()
    assert (answer.status, problem["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"].endswith(f"/problems/{slug}")
    assert problem["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    assert not {"Traceback", "127.0.0.1", "/core"} & set(json.dumps(problem).split())
