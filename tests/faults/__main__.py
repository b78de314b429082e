"""``python -m tests.faults``: injects every fault of the catalogue and says how many of its rows are shown."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from gateway.ending import run_to_its_end
from tests.faults.catalogue import rows

if TYPE_CHECKING:
    from tests.faults.catalogue import Row


class Tally:
    """Hears the end of every test; a plugin of pytest."""

    def __init__(self) -> None:
        self._outcomes: dict[str, set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test passed if nothing of it failed or was skipped."""
        self._outcomes[report.nodeid].add(report.outcome)

    def is_shown(self, row: Row) -> bool:
        """Whether each test of a row ran, and passed in all of its cases."""
        return all(map(self._passed, row.tests))

    def _passed(self, test: str) -> bool:
        cases = [said for name, said in self._outcomes.items() if name == test or name.startswith(f"{test}[")]
        return bool(cases) and all(said == {"passed"} for said in cases)


def main() -> int:
    """Run, tell, and end with 1 unless every row is shown."""
    tally, catalogue = Tally(), rows()
    tests = dict.fromkeys(test for row in catalogue for test in row.tests)
    pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:], *tests], plugins=[tally])
    missing = [row for row in catalogue if not tally.is_shown(row)]
    for row in missing:
        sys.stdout.write(f"not shown: {row.number} {row.fault}\n")
    sys.stdout.write(f"{len(catalogue) - len(missing)} of {len(catalogue)} rows shown\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
