"""The text of an API key, and what is stored of it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.api_keys.key import PREFIX, KeyText, hashed, matches, mint, parse
from gateway.auth.errors import InvalidCredentials

LETTERS = string.ascii_letters + string.digits


def test_a_new_key_can_be_read_again():
    key = mint()

    assert parse(str(key)) == key


def test_a_key_is_recognised_by_its_prefix():
    assert str(mint()).startswith("gwk_")
    assert PREFIX == "gwk_"


def test_no_two_keys_are_alike():
    assert len({mint() for _ in range(1000)}) == 1000


def test_a_new_secret_keeps_the_id():
    old = mint()
    new = mint(old.id)

    assert new.id == old.id
    assert new.secret != old.secret


def test_the_checksum_of_a_key_never_changes_with_the_software():
    assert str(KeyText("A" * 12, "b" * 32)) == "gwk_AAAAAAAAAAAA_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" + "4J0zfn"


@given(st.integers(4, 54), st.sampled_from(LETTERS))
def test_a_key_with_one_wrong_letter_is_refused_without_a_look_up(position: int, letter: str):
    text = str(mint())
    if text[position] in {letter, "_"}:
        return

    with pytest.raises(InvalidCredentials, match="API key"):
        parse(text[:position] + letter + text[position + 1 :])


@given(st.integers(4, 53))
def test_a_key_with_two_letters_exchanged_is_refused_without_a_look_up(position: int):
    text = str(mint())
    one, two = text[position : position + 2]
    if one == two:
        return

    with pytest.raises(InvalidCredentials):
        parse(text[:position] + two + one + text[position + 2 :])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[:-1], id="cut"),
        pytest.param(lambda text: text + "A", id="longer"),
        pytest.param(lambda text: text + "\n", id="line feed"),
        pytest.param(lambda text: text.upper(), id="upper case"),
        pytest.param(lambda text: PREFIX, id="prefix alone"),
        pytest.param(lambda text: text.replace("_", "-"), id="hyphens"),
        pytest.param(lambda text: text[:-1] + "é", id="not ASCII"),
        pytest.param(lambda text: text[:-1] + "٣", id="a digit of another script"),
        pytest.param(lambda text: text[:-1] + "\0", id="NUL"),
    ],
)
def test_what_has_not_the_shape_of_a_key_is_refused(spoil):
    with pytest.raises(InvalidCredentials):
        parse(spoil(str(mint())))


@given(st.text(max_size=80))
def test_whatever_text_comes_in_only_a_key_or_the_one_error_comes_out(text: str):
    with pytest.raises(InvalidCredentials):
        parse(PREFIX + text)


def test_a_secret_matches_its_own_hash_only():
    stored = hashed("secret")

    assert matches("secret", stored)
    assert not matches("Secret", stored)
    assert not matches("", stored)


def test_a_hash_is_salted_and_does_not_contain_the_secret():
    one, two = hashed("secret"), hashed("secret")

    assert one != two
    assert "secret" not in one
