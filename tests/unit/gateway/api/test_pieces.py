"""A large batch that is taken piece by piece is answered as one that is parsed as a whole."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from gateway.api.calls import calls_in
from gateway.api.pieces import Unsure, pieces
from gateway.problems import Problem
from gateway.resources.actions import actions
from schemas.actions import ActionUpdateSchema
from schemas.batches import BatchTooLarge, InvalidBatch

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 400
LANGUAGES = ("en", "fr")


def item(number: int) -> dict[str, Any]:
    return {
        "actionId": str(number),
        "status": "done",
        "details": {"en": "é€😀" * 30},
        "due_date": "2024-02-10 06:51:15",
    }


def body(*last: str, between: str = ",", begin: str = '{"data":[', end: str = "]}") -> bytes:
    """COUNT items, and ``last`` as it is."""
    rows = [json.dumps(item(number), ensure_ascii=False, separators=(",", ":")) for number in range(1, COUNT + 1)]
    return (begin + between.join([*rows, *last]) + end).encode()


def nested(levels: int) -> str:
    return '{"a":' + "[" * levels + "]" * levels + "}"


def rows_of(whole: bytes, most_items: int = 1_000) -> list[Any]:
    return list(chain.from_iterable(pieces(whole, most_items, lambda: None, lambda: None)))


def test_it_gives_every_entry_in_order_and_lets_others_run_after_each_piece() -> None:
    paused: list[None] = []

    found = list(pieces(body(), COUNT, lambda: None, lambda: paused.append(None)))

    assert [row["actionId"] for row in chain.from_iterable(found)] == [str(number) for number in range(1, COUNT + 1)]
    assert [row for rows in found for row in rows] == json.loads(body())["data"]
    assert len(found) == 6
    assert len(paused) >= 6


@pytest.mark.parametrize("last", ['{"a":1},5,{"b":2}', '{"a":[{"b":1},2]}', nested(29), '{"a":1.5}', '{"a":"}"},{}'])
def test_it_gives_what_is_no_valid_item_too(last: str) -> None:
    assert rows_of(body(last)) == json.loads(body(last))["data"]


def spaced(*last: str, ensure_ascii: bool = True) -> bytes:
    """As ``json.dumps`` writes it."""
    rows = [json.dumps(item(number), ensure_ascii=ensure_ascii) for number in range(1, COUNT + 1)]
    return ('{"data": [' + ", ".join([*rows, *last]) + "]}").encode()


@pytest.mark.parametrize("last", ['{"a": 1}, 5, {"b": 2}', '{"a": [{"b": 1}, 2]}', nested(29), '{"a": "}"}, {}'])
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_it_takes_what_python_writes_apart_too(last: str, *, ensure_ascii: bool) -> None:
    whole = spaced(last, ensure_ascii=ensure_ascii)
    parts = list(pieces(whole, 1_000, lambda: None, lambda: None))

    assert len(parts) > 5
    assert list(chain.from_iterable(parts)) == json.loads(whole)["data"]


def test_a_letter_may_be_spelt_by_its_number() -> None:
    assert rows_of(body('{"a":"\\u0041"}'))[-1] == {"a": "A"}


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(body('{"a":1}],"other":[{"b":2}'), id="another name"),
        pytest.param(body('{"a":1}],"data":[{"b":2}'), id="the same name twice"),
        pytest.param(body('{"a":1}],[{"b":2}'), id="two arrays"),
        pytest.param(body('{"a":1}]],[[{"b":2}'), id="two pairs of arrays"),
        pytest.param(body(nested(30)), id="too deep"),
        pytest.param(body('{"a":1,"a":2}'), id="a duplicate name"),
        pytest.param(body('{"a":123456789012345678901}'), id="a long number"),
        pytest.param(body('{"a":1.0e2}'), id="a number in another form"),
        pytest.param(body('{"a":"\\/"}'), id="an escape that needs none"),
        pytest.param(body('{"a": 1}'), id="white space"),
        pytest.param(body('{"a":1},'), id="a comma too many"),
        pytest.param(body('{"a":}'), id="no value"),
        pytest.param(body("{"), id="an open object"),
        pytest.param(body("5"), id="a last entry that is no object"),
        pytest.param(spaced('{"a": 1, "a": 2}'), id="a duplicate name in what Python writes"),
        pytest.param(spaced('{"a": "\\u0061", "\\u0061": 2}'), id="a duplicate name spelt otherwise"),
        pytest.param(spaced('{"a": 1.5}'), id="a float in what Python writes"),
        pytest.param(spaced('{"a": 123456789012345678901}'), id="a long number in what Python writes"),
        pytest.param(spaced('{"a": "\\": 1"}'), id="what looks like a name in a text"),
        pytest.param(spaced(nested(30)), id="too deep in what Python writes"),
        pytest.param(spaced('{"a": 1}], "other": [{"b": 2}'), id="another name in what Python writes"),
        pytest.param(spaced('{"a": 1}], [{"b": 2}'), id="two arrays in what Python writes"),
        pytest.param(body(between=", "), id="white space between items"),
        pytest.param(body(begin='{"data": ['), id="white space before items"),
        pytest.param(body(end="]}\n"), id="a line's end"),
        pytest.param(body(begin='{"other":1,"data":['), id="another name first"),
        pytest.param(body('{"a":"' + "x" * 70_000 + '"}'), id="a long item"),
        pytest.param(body()[:-3] + b'\xff"}]}', id="no UTF-8"),
        pytest.param(body('{"a":"' + "},{" * 20_000 + '"}'), id="its mark within a string"),
        pytest.param(b'{"data":[]}', id="no item"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_it_leaves_to_the_whole_parse_what_it_is_not_sure_of(whole: bytes) -> None:
    with pytest.raises(Unsure):
        rows_of(whole)


def test_it_gives_no_more_items_than_are_allowed_and_counts_the_others() -> None:
    found: list[Any] = []
    parts = pieces(body(), 300, lambda: found.append("too many"), lambda: None)

    with pytest.raises(BatchTooLarge) as caught:
        found.extend(map(len, parts))

    assert (caught.value.received, caught.value.max_items) == (COUNT, 300)
    assert found[-1] == "too many"
    assert 220 < sum(found[:-1]) <= 300
    assert len(rows_of(body(), COUNT)) == COUNT


def refusal(whole: bytes, most_items: int = 1_000) -> Exception:
    with pytest.raises((Problem, InvalidBatch, BatchTooLarge)) as caught:
        calls_in(whole, actions(LANGUAGES, most_items, lambda: None), None, lambda: None)
    return caught.value


def test_a_large_batch_is_put_into_calls() -> None:
    calls = calls_in(body(), actions(LANGUAGES, COUNT, lambda: None), None, lambda: None)

    assert [call.id for call in calls] == [str(number) for number in range(1, COUNT + 1)]


def test_the_errors_of_all_pieces_are_counted() -> None:
    found = refusal(body(*['{"actionId":"7","status":"gone","x":1}'] * 300))

    assert isinstance(found, InvalidBatch)
    assert (found.errors_total, found.invalid_items, found.total_items, found.checked_items) == (900, 300, 700, 700)
    assert [(error.index, error.field, error.code) for error in found.errors[:4]] == [
        (400, "status", "invalid_choice"),
        (400, "x", "unknown_field"),
        (400, "actionId", "duplicate_action_id"),
        (401, "status", "invalid_choice"),
    ]


def test_items_after_too_many_errors_are_counted_but_not_checked() -> None:
    many = json.dumps({"actionId": "7"} | {f"x{number}": 1 for number in range(99)}, separators=(",", ":"))

    found = refusal(body(*[many] * 300), 5_000)

    assert isinstance(found, InvalidBatch)
    assert (found.invalid_items, found.total_items, found.checked_items) == (100, 700, 500)


@pytest.mark.parametrize(
    ("last", "detail"),
    [
        ('{"a":}', "expected a JSON value at line 1, column"),
        ('{"a":1,"a":2}', 'The name "a" appears twice'),
        (nested(30), "Nested deeper than 32 levels"),
    ],
)
def test_what_is_no_json_is_said_before_what_is_no_item(last: str, detail: str) -> None:
    found = refusal(body('{"actionId":"x"}', last))

    assert isinstance(found, Problem)
    assert (found.slug, detail in str(found.detail)) == ("invalid-json", True), found.detail


def test_a_batch_with_too_many_items_is_refused_before_any_error() -> None:
    found = refusal(body('{"actionId":"x"}'), COUNT)

    assert isinstance(found, BatchTooLarge)
    assert (found.received, found.max_items) == (COUNT + 1, COUNT)


# A valid batch of 1,000 items has 19,002 values, and more only where it has UUIDs.
MANY = '{"actionId":"7","x":[' + ",".join("1" * 5_000) + "]}"
WRONG = json.dumps({"actionId": "7"} | {f"x{number}": 1 for number in range(99)}, separators=(",", ":"))

BAD = json.dumps(dict.fromkeys(ActionUpdateSchema(languages=LANGUAGES).load_fields, 7), separators=(",", ":"))


@pytest.mark.parametrize(
    ("last", "most_items"),
    [
        pytest.param([MANY] * 6, 1_000, id="within the errors"),
        pytest.param(['{"actionId":"x"}', *[MANY] * 6], 1_000, id="after an error"),
        pytest.param([*['{"actionId":"x"}'] * 150, *[MANY] * 6], 1_000, id="after the errors that are listed"),
        pytest.param([*[WRONG] * 110, *[MANY] * 6], 1_000, id="after the errors that are counted"),
        pytest.param(['{"actionId":"7","status":[' + ",".join("1" * 300) + "]}"] * 80, 1_000, id="at many items"),
        pytest.param([*[BAD] * 1_000, *[MANY] * 9], 2_000, id="after the errors of small items that are counted"),
        pytest.param([MANY.replace("[", "[[],")] * 6, 1_000, id="with an array in it"),
        pytest.param([*[MANY] * 6, *['{"actionId":"x"}'] * 600], 1_000, id="with too many items"),
        pytest.param([MANY.replace('"x"', '"status"')] * 6, 1_000, id="at a field that has one word"),
        pytest.param([WRONG] * 250, 1_000, id="as names"),
    ],
)
def test_an_invalid_batch_with_more_values_than_a_valid_one_is_too_large(last: list[str], most_items: int) -> None:
    found = refusal(body(*last), most_items)

    assert isinstance(found, Problem)
    assert found.slug == "body-too-large"


def test_what_stands_in_texts_makes_no_batch_too_large() -> None:
    found = refusal(body('{"actionId":"7","x":["' + ",[{:" * 10_000 + '"]}'))

    assert isinstance(found, InvalidBatch)
    assert [(error.index, error.field) for error in found.errors] == [(COUNT, "x"), (COUNT, "actionId")]


@pytest.fixture(params=[1, 2, 5])
def shifted(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    """A text that is so many bytes longer, so that its pieces end elsewhere."""
    return lambda whole: whole.replace(b'"en":"', b'"en":"' + b"x" * request.param)


def test_where_pieces_end_does_not_matter(shifted: Callable[[bytes], bytes]) -> None:
    whole = shifted(body('{"a":"},{"}'))

    assert rows_of(whole) == json.loads(whole)["data"]
