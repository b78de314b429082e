from __future__ import annotations

from tests.unit.cli.test_commands import gateway, mock, shell

__all__ = ["gateway", "mock", "shell"]
