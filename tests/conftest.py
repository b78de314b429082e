"""What every process of the suite has: Hypothesis without a clock, a short collection, and a small heap to look over."""

from __future__ import annotations

import gc
import sys

from hypothesis import settings

# An example takes as long as it takes, since a busy machine is no fault.
settings.register_profile("suite", settings.default, deadline=None)
# What `make test` leaves out of the reach of chance, `make coverage` runs: three times as much of each property.
settings.register_profile("long", settings.default, deadline=None, max_examples=300)
settings.register_profile("quick", settings.default, deadline=None, max_examples=20)
settings.load_profile("suite")

# Seconds of grammars that jsonschema builds at its import, for the formats "iri" and "iri-reference", which no schema here has.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment] -- how Python is told that a module cannot be had


def pytest_collection_finish() -> None:
    """Thousands of tests stay until the end: nothing of them is garbage, and to look for it takes longer than most tests."""
    gc.freeze()
