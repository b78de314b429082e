"""The shape of a success: the field is set to its own value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check.answer_words import is_key
from gateway.core.check.answers import content_type, described, document, shape, trouble
from gateway.core.check.field_place import MISSING
from gateway.core.check.finding import Finding, Proposal, cannot_tell
from gateway.core.check.trial import REFUSED
from gateway.resources.answer_map import ITEM_AT, word_for
from gateway.settings import variable
from legacy_client.errors import AccessDenied, BadAnswer, NotFound, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.seen import Seen

# An answer may grow by this much before it is refused.
_ROOM = 4
_UTF8 = ("", "utf-8", "utf8")


def probe(trial: Trial) -> Finding:
    writes = trial.writes
    if (unshown := writes.begin()) is not None:
        return _not_shown(trial, unshown)
    seen = writes.write(writes.own)
    is_same = writes.put_back()
    if not seen.is_success:
        return _not_updated(trial, seen)
    if not is_same:
        return _found("fail", "the field had another value after it was set to its own", seen)
    warnings = list(_warnings(trial, seen))
    told = "; ".join(told for told, _ in warnings) or f"status {seen.status}, {_what(seen)}"
    proposals = [proposal for _, proposal in warnings if proposal]
    return _found("warn" if warnings else "pass", told, seen, proposals)


def _not_shown(trial: Trial, seen: Seen) -> Finding:
    if isinstance(seen.error, AccessDenied):
        return _not_updated(trial, seen)
    if isinstance(seen.error, NotFound):
        told = "an update of the item itself is answered as not found: --id or the path of the map is wrong"
        return Finding(
            verdict="fail", told=told, proposals=[Proposal('[update] path = "/…/{id}"', "where the item is")]
        )
    return cannot_tell("the core shows the field neither by GET, nor when it answers an update without fields")


def _not_updated(trial: Trial, seen: Seen) -> Finding:
    if trial.is_refused(seen):
        return cannot_tell(REFUSED, described(seen))
    return _found("fail", f"no success: {trouble(seen) or _refusal(seen)}", seen, list(_other_shapes(seen)))


def _refusal(seen: Seen) -> str:
    if seen.error is None or isinstance(seen.error, Rejected):
        return f"status {seen.status}: it refuses the value that it has shown"
    return f"status {seen.status} means {word_for(seen.error)}"


def _found(verdict: Verdict, told: str, seen: Seen, proposals: Sequence[Proposal] = ()) -> Finding:
    return Finding(
        verdict=verdict,
        told=told,
        evidence=[described(seen)],
        proposals=proposals,
        shape={"status": str(seen.status), "body": shape(seen), "type": content_type(seen)},
    )


def _what(seen: Seen) -> str:
    return f"an item of {len(seen.body):,} bytes" if seen.item else "without a body"


def _other_shapes(seen: Seen) -> Iterator[Proposal]:
    """What the map could say instead."""
    found = document(seen)
    if not 200 <= seen.status < 300 or not isinstance(seen.error, BadAnswer):
        return
    if seen.error.reason == "too large":
        yield Proposal(f"{variable('core_max_answer_bytes')}={_ROOM * len(seen.body)}", "four times this answer")
    if seen.error.reason == "about another id":
        yield Proposal('[core] id = "digits"', "if the core names ids as texts, and [answers] id_at for their place")
    if seen.error.reason == f"status {seen.status}":
        yield Proposal(f"[answers] ok = [200, 201, {seen.status}]", "the statuses of a success")
    if seen.error.reason.startswith("no data object") and type(found) is dict:
        objects = [name for name, value in found.items() if type(value) is dict and is_key(name)]
        yield Proposal(f'[answers] {ITEM_AT} = "{objects[0] if len(objects) == 1 else "…"}"', "where the item stands")


def _warnings(trial: Trial, seen: Seen) -> Iterator[tuple[str, Proposal | None]]:
    most = trial.settings.core.core_max_answer_bytes
    if len(seen.body) * _ROOM > most:
        line = f"{variable('core_max_answer_bytes')}={len(seen.body) * _ROOM}"
        yield f"the answer has {len(seen.body):,} of {most:,} bytes", Proposal(line, "room for longer texts")
    charset = seen.header("content-type").lower().partition("charset=")[2].strip(' "')
    if charset.partition(";")[0] not in _UTF8:
        yield f"the charset is {charset[:20]}, not UTF-8", None
    if not seen.item:
        return
    if unreadable := _unreadable(trial, seen):
        yield (
            f"values that the map cannot read: {', '.join(unreadable)}",
            Proposal("[fields] …", "how they are written"),
        )
    if trial.field.raw_in(seen.item) is MISSING:
        yield f"the answer does not show {trial.field.name}", None


def _unreadable(trial: Trial, seen: Seen) -> Sequence[str]:
    names: Sequence[str] = trial.resource.translation.from_legacy("1", seen.item).get("unreadable", ())
    return names
