"""``python -m gateway.batches``: what is kept of a batch under its idempotency key.

Exit codes: 0 done · 1 it cannot be done (one line on stderr says why) · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import InProgress, StoreUnavailable
from gateway.admission.idempotency.key import key_fingerprint
from gateway.api.batches import shown
from gateway.api.routes import RESOURCES
from gateway.batch.job_claim import A_JOB, job_id_in
from gateway.ending import refuse, run_to_its_end
from gateway.settings import SettingsError, load_kept
from gateway.wiring.resources import made
from gateway.wiring.stores import idempotency_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.admission.idempotency.journal import Entry, Subject
    from gateway.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _show(load_kept(), options.principal, options.key)
    except SettingsError as exc:
        print(exc.report(), file=sys.stderr)
        return 1


def _show(settings: Settings, principal: str, key: str) -> int:
    store = idempotency_store(settings)
    try:
        kept = store.look(principal, key)
    except InProgress as exc:
        return refuse(f"the batch is running, or its worker died moments ago; ask again in {exc.retry_after} s")
    except StoreUnavailable as exc:
        return refuse(f"the store of idempotency records cannot be had: {exc.reason}")
    finally:
        store.close()
    if kept is None:
        return refuse(f"nothing is kept under this key of {principal}")
    if kept.subject is None:
        return refuse("an earlier release kept it, without what is shown here")
    if kept.subject.resource == A_JOB.resource:
        print(f"job {job_id_in(kept.entries) or 'unknown'}; python -m gateway.jobs show has more")
        return 0
    about = {"principal": principal, "key_fingerprint": key_fingerprint(principal, key)}
    print(json.dumps(about | _described(settings, kept.subject, kept.entries), indent=2, ensure_ascii=False))
    return 0


def _described(settings: Settings, subject: Subject, entries: Mapping[int, Entry]) -> dict[str, object]:
    resources = {resource.plural: resource for resource in made(settings, RESOURCES, lambda: None)}
    repeats_unknown = settings.core.core_honours_idempotency
    outcomes = json.loads(shown(resources[subject.resource], subject, entries, repeats_unknown=repeats_unknown))
    return {"resource": subject.resource, "items": len(subject.ids), **outcomes}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.batches", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    show = commands.add_parser("show", help="what became of each item, as JSON")
    show.add_argument("key", help="the Idempotency-Key of the batch")
    show.add_argument("--principal", required=True, help="who sent it, as `principal_id` in the log")
    return parser


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
