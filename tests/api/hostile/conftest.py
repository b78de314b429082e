"""One application for all hostile requests of a module: that it still serves after each is part of what is tested."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.doubles.service import OneToken, Service


@pytest.fixture(scope="module")
def shared_service(tmp_path_factory):
    with closing(Service(tmp_path_factory.mktemp("hostile"))) as made:
        yield made


@pytest.fixture
def service(shared_service):
    shared_service.core.calls.clear()
    shared_service.core.contexts.clear()
    shared_service.authenticator.principal = OneToken().principal
    return shared_service
