"""What ``/openapi.json`` says is what the service does: for requests made from it, right and wrong ones.

The first run is short; ``make fuzz-api`` has both.
"""

from __future__ import annotations

import random

import pytest


@pytest.fixture
def openapi():
    # Here, so that only who runs these waits for schemathesis: every process of the suite collects this file.
    from tests.fuzz import openapi

    return openapi


@pytest.mark.slow
def test_the_service_does_what_its_document_says(moody_url, openapi):
    failures, requests = openapi.run(moody_url, examples=15, seed=1)

    assert failures == {}
    assert requests > 300


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_service_does_what_its_document_says_at_length(moody_url, openapi):
    seed = random.randrange(2**32)

    failures, requests = openapi.run(moody_url, examples=900, seed=seed)

    assert failures == {}, f"seed {seed}"
    assert requests > 2000
