"""Schemathesis over a running application: examples, boundary values and random requests, right and wrong ones."""

from __future__ import annotations

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

TOKENS = {"/openapi/.*": "good", ".*/integrations/.*": "key_1"}


@schemathesis.serializer("application/x-ndjson")
def _lines(_context, value):
    """A text as it stands; of anything else what Python calls it, which is no line of JSON objects."""
    return str(value).encode(errors="surrogatepass")


def run(url, examples, seed):
    """``(failures, requests)``: one example of each way to differ from the document, and how many requests were sent."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=_config(examples, seed))
    failures, requests = {}, 0
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures[repr(event)] = ""
        if isinstance(event, events.ScenarioFinished):
            requests += len(event.recorder.interactions)
            failures = dict(_failures(event)) | failures
    return failures, requests


def _config(examples, seed):
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "generation": {
                "mode": "all",
                "max-examples": examples,
                "no-shrink": True,
                "with-security-parameters": False,
            },
            # A core that fails is no fault of the gateway; its own fault is a 500, and that is looked for by itself.
            "checks": {
                "not_a_server_error": {"expected-statuses": ["2xx", "4xx", 502, 503, 504]},
                "negative_data_rejection": {"expected-statuses": ["4xx", "5xx"]},
                # Rules over several fields (no action twice, options only with a SELECT) are beyond JSON Schema.
                "positive_data_acceptance": {"enabled": False},
            },
            "phases": {"stateful": {"enabled": False}},
            "operations": [
                {"include-path-regex": path, "headers": {"Authorization": f"Bearer {token}"}}
                for path, token in TOKENS.items()
            ],
        }
    )


def _failures(event):
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if (found := check.failure_info) is not None:
                case = event.recorder.cases[case_id].value
                yield f"{case.method} {case.path}: {found.failure.title}: {found.failure.message}", found.code_sample
