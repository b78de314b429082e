from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admission.idempotency.errors import InProgress
from gateway.admission.idempotency.journal import Entry
from gateway.admission.idempotency.key import derive_prefix, fingerprint, parse_key, random_prefix, record_id
from tests.doubles.rules import claim_policy

VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F))


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        ("  abc\t", "abc"),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (r'"a\"b\\c"', r"a\"b\c".replace(r"\"", '"')),
        ('a"b', 'a"b'),
        ("k" * 255, "k" * 255),
        ('"' + "k" * 255 + '"', "k" * 255),
        (VISIBLE.translate({34: "", 44: ""}), VISIBLE.translate({34: "", 44: ""})),
        ('"a,b"', "a,b"),
    ],
)
def test_a_key_is_read_bare_or_quoted(value, key):
    assert parse_key(value) == key


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        '""',
        '"',
        '"abc',
        '"a"b"',
        '"abc";p=1',
        r'"a\b"',
        "a b",
        '"a b"',
        "é",
        "a\x00b",
        "a\x7f",
        "a\nb",
        "k" * 256,
    ],
)
def test_anything_else_is_no_key_and_the_error_says_what_is(value):
    with pytest.raises(ValueError, match="must be 1 to 255 visible ASCII characters"):
        parse_key(value)


@pytest.mark.parametrize("value", ["k,k", "k,", ",k", ",", "k, k", '"k","k"', '"k",', "k" * 300 + ","])
def test_two_keys_are_none(value):
    with pytest.raises(ValueError, match="must be"):
        parse_key(value)


@given(st.text(alphabet=VISIBLE, min_size=1, max_size=255))
def test_the_quoted_form_of_any_key_names_the_same_key(key):
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'

    assert parse_key(quoted) == key


@pytest.mark.parametrize(
    "other", [("PUT", "/a", b"body"), ("PATCH", "/b", b"body"), ("PATCH", "/a", b"Body"), ("PATCH", "/abo", b"dy")]
)
def test_a_fingerprint_tells_method_path_and_body_apart(other):
    assert fingerprint("PATCH", "/a", b"body") == fingerprint("PATCH", "/a", b"body")
    assert fingerprint(*other) != fingerprint("PATCH", "/a", b"body")


@pytest.mark.parametrize("other", [("q", "k", "f"), ("p", "l", "f"), ("p", "k", "g"), ("pk", "", "f"), ("p", "kf", "")])
def test_a_prefix_belongs_to_one_principal_key_and_body(other):
    assert derive_prefix("p", "k", "f") == derive_prefix("p", "k", "f")
    assert derive_prefix(*other) != derive_prefix("p", "k", "f")


def test_a_prefix_leaves_room_for_any_action_id():
    for prefix in (derive_prefix("p" * 1000, "k" * 255, "f" * 64), random_prefix()):
        assert len(prefix) == 32
        assert set(prefix) <= set(string.hexdigits)


def test_random_prefixes_differ():
    assert random_prefix() != random_prefix()


def test_a_principal_with_a_lone_surrogate_in_its_id_breaks_nothing():
    assert record_id("\ud800", "k") != record_id("\ud801", "k")
    assert derive_prefix("\ud800", "k", "f") != derive_prefix("\ud801", "k", "f")


@pytest.mark.parametrize(("lease_left", "retry_after"), [(0.0, 1), (0.2, 1), (2.1, 3), (60.0, 5)])
def test_a_twin_is_told_to_come_back_soon(lease_left, retry_after):
    assert InProgress(lease_left).retry_after == retry_after


@pytest.mark.parametrize(
    ("entry", "repeats_unknown", "due"),
    [
        (None, False, True),
        (Entry(0, "open"), False, True),
        (Entry(0, "unknown"), False, False),
        (Entry(0, "unknown"), True, True),
        (Entry(0, "final"), True, False),
    ],
)
def test_what_is_final_is_never_sent_again_and_what_is_unknown_only_where_keys_are_honoured(
    entry, repeats_unknown, due
):
    assert claim_policy(repeats_unknown=repeats_unknown).is_due(entry) is due


@pytest.mark.parametrize(
    ("window", "in_flight", "step"), [(64, 0, 32), (64, 16, 48), (128, 64, 64), (5, 0, 2), (1, 0, 1)]
)
def test_results_are_written_while_the_calls_in_flight_go_on(window, in_flight, step):
    assert claim_policy(window=window, in_flight=in_flight).step == step


@pytest.mark.parametrize(
    ("unmarked", "step"),
    [(1, 32), (36, 36), (37, 32), (72, 36), (100, 34), (936, 36)],
)
def test_a_write_is_spared_where_a_few_calls_wait_for_it(unmarked, step):
    assert claim_policy(window=64, in_flight=32).step_for(unmarked) == step


def test_nothing_waits_where_nobody_says_how_many_are_in_flight():
    assert claim_policy(window=64, in_flight=0).step_for(33) == 32
