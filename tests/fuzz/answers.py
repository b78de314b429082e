"""Random and spoilt answers at the engine: ``python -m tests.fuzz.answers --seconds 600``.

Whatever the core sends, each call ends once and in time, in an answer or in an error of the client's own; nothing is
raised on the event loop; no call gets the answer to another. A failure names the seed that repeats it.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections import Counter

from gateway.ending import run_to_its_end
from tests.fuzz.rounds import on_a_played_connection, through_the_engine


def one_round(seed: int) -> Counter[str]:
    """Every tenth round goes over sockets."""
    run = on_a_played_connection if seed % 10 else through_the_engine
    return run(random.Random(seed))


def main() -> int:
    """Rounds with one seed after another until the time is over, or one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9), help="of the first round")
    options = parser.parse_args()
    ends, over_at = Counter[str](), time.monotonic() + options.seconds
    for seed in itertools.count(options.seed):
        try:
            ends += one_round(seed)
        except BaseException:
            print(f"failed with --seed {seed}", file=sys.stderr)
            raise
        if time.monotonic() >= over_at:
            print(f"{ends.total()} calls, seeds {options.seed} to {seed}: {dict(ends.most_common())}")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
