"""The application over fakes that fill its ports."""

from __future__ import annotations

import pytest

from tests.doubles.service import Service
from tests.doubles.streams import HeldCore


@pytest.fixture
def service(make_service):
    return make_service()


@pytest.fixture
def make_service(tmp_path):
    services = []

    def make(**environ):
        variables = {f"GATEWAY_{name.upper()}": str(value) for name, value in environ.items()}
        services.append(Service(tmp_path, variables))
        return services[-1]

    yield make
    for service in services:
        service.close()


@pytest.fixture
def held(service, monkeypatch):
    """A service whose core answers when it is let: ``held.core.let.release(n)``."""
    held_core = HeldCore()
    monkeypatch.setattr(service.core, "send", held_core.send)
    service.held = held_core
    return service
