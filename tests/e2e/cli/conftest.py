from __future__ import annotations

import pytest

from tests.e2e.cli.command import Command


@pytest.fixture
def command(stack, tmp_path):
    """Against the shared stack."""
    return Command(stack, tmp_path)
