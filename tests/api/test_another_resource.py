"""A second resource through the app's own client, as the page that adds one shows it."""

from __future__ import annotations

import pytest

from gateway.api.routes import RESOURCES
from gateway.wiring.app import create_app
from tests.doubles.service import assert_problem
from tests.e2e.documents.resource import documents


@pytest.fixture
def service(service):
    service.client = create_app(service.settings, service.backends, (*RESOURCES, documents)).test_client()
    return service


def test_a_wrong_kind_is_refused_and_nothing_is_sent(service):
    items = {"data": [{"documentId": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "kind": "song"}]}

    refused = service.client.patch("/openapi/api/v1/documents", json=items, headers={"Authorization": "Bearer good"})

    assert_problem(refused, 400, "validation-failed")
    assert service.core.calls == []
