"""Jobs need a core that is not called with the token of who made them."""

from __future__ import annotations

import pytest

from tests.doubles.job_partner import Partner


@pytest.fixture
def service(make_service):
    return make_service(core_auth="none")


@pytest.fixture
def partner(service):
    return Partner(service)
