"""The pictures of the docs: ``python -m tests.e2e.browser.pictures docs/images``. Takes five minutes of light load."""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.core.seed import ACTIONS, FIRST_ACTION
from sandbox.stack import Stack
from tests.e2e.browser.chromium import Chromium
from tests.e2e.stack import CoreView, Partner

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds, and how the core behaves for that long: well, failing for most calls, well again.
STORY: Sequence[tuple[float, dict[str, object]]] = (
    (130, {"latency_ms": 15}),
    (20, {"latency_ms": 60, "fault_rate": 0.7, "faults": ["500", "reset"]}),
    (130, {"latency_ms": 15}),
)
SETTINGS = {"WORKERS": "2", "STATUS_PAGE": "true", "CORE_HONOURS_IDEMPOTENCY": "true"}
PARTNERS = 4


def main(folder: Path) -> None:
    """Run the story, then save ``status.png`` and ``status-dark.png``."""
    ended = threading.Event()
    with tempfile.TemporaryDirectory() as profile, Stack(SETTINGS) as stack, Chromium(Path(profile)) as browser:
        partners = [threading.Thread(target=_send, args=(Partner(stack), ended, seed)) for seed in range(PARTNERS)]
        for partner in partners:
            partner.start()
        try:
            browser.open(stack.gateway.url + "/status", size=(1280, 1220))
            for seconds, weather in STORY:
                CoreView(stack).weather(**weather)
                time.sleep(seconds)
            _save(browser, folder)
        finally:
            ended.set()
            for partner in partners:
                partner.join()


def _send(partner: Partner, ended: threading.Event, seed: int) -> None:
    """Batches of all sizes, with an unknown action now and then and a pause after each."""
    chance = random.Random(seed)
    while not ended.is_set():
        known = chance.sample(range(FIRST_ACTION, FIRST_ACTION + ACTIONS), chance.choice((1, 5, 20, 50)))
        unknown = [90404] if chance.random() < 0.2 else []
        partner.patch(*({"actionId": str(action_id), "status": "active"} for action_id in [*known, *unknown]))
        ended.wait(chance.uniform(0.05, 0.4))


def _save(browser: Chromium, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, scheme in (("status.png", "light"), ("status-dark.png", "dark")):
        browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.picture(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
