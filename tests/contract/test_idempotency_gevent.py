"""The embedded stores under gevent's monkey-patching, as the workers run them: with the greenlet that renews leases beside them."""

from __future__ import annotations

import subprocess
import sys

UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import sys
from pathlib import Path
import gevent
from gateway.admission.idempotency.errors import InProgress
from gateway.admission.idempotency.journal import Entry
from gateway.admission.rates.limits import RateLimits
from gateway.admission.rates.sqlite_rates import SqliteStorage

folder = Path(sys.argv[1])
from tests.doubles.rules import claim_policy, sqlite_store
from gateway.serving.quiet import QuietMoment
store = sqlite_store(folder / "idempotency", claim_policy(window=8), pause=QuietMoment(0.02).wait)
begun = []
transaction = store._file._group._transaction
def counted():
    begun.append(gevent.getcurrent())
    return transaction()
store._file._group._transaction = counted
limits = RateLimits("100/hour", SqliteStorage(folder / "rates"), name="items")

def batch(number):
    assert limits.hit("p", 2).allowed
    try:
        claim = store.claim("p", str(number // 2), "f", 50)
    except InProgress:
        return "in progress"
    claim.watch(lambda: 1 / 0, lambda: False)
    claim.begin(range(50))
    for position in range(50):
        assert claim.upto() > position
        gevent.sleep(0)
        claim.record([Entry(position, "final")])
    claim.finish()
    return claim.kind

greenlets = [gevent.spawn(batch, number) for number in range(40)]
gevent.joinall(greenlets, timeout=100, raise_error=True)
kinds = [greenlet.value for greenlet in greenlets]
assert kinds.count("fresh") == 20, kinds
assert kinds.count("in progress") == 20, kinds
assert limits.hit("p", 20).allowed and not limits.hit("p", 1).allowed
assert store.claim("p", "0", "f", 50).kind == "replay"
# Each of the twenty takes some twelve steps. Alone, each step would be a transaction.
assert 0 < len(begun) < 100, len(begun)
"""


def test_greenlets_share_the_stores(tmp_path):
    subprocess.run([sys.executable, "-W", "error", "-c", UNDER_GEVENT, str(tmp_path)], check=True, timeout=110)
