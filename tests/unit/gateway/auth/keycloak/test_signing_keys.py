"""A JWKS document with good and bad keys: the good ones count."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.signing_keys import ALGORITHMS, MAX_KEYS, parse
from tests.doubles.issuer import JWKS, b64, ec_jwk, ed_jwk, rsa_jwk, rsa_key


def kids(*entries: object) -> set[str]:
    return set(parse({"keys": [*entries, rsa_jwk("good")]}, ALGORITHMS).by_kid) - {"good"}


def private_jwk() -> dict[str, object]:
    numbers = rsa_key("leaked", 2048).private_numbers()
    return rsa_jwk("leaked", d=b64(numbers.d.to_bytes(256)))


BAD = {
    "no kid": {name: value for name, value in rsa_jwk("bad").items() if name != "kid"},
    "kid empty": rsa_jwk("bad") | {"kid": ""},
    "kid a number": rsa_jwk("bad") | {"kid": 1},
    "kid a list": rsa_jwk("bad") | {"kid": ["bad"]},
    "kid over-long": rsa_jwk("bad") | {"kid": "k" * 129},
    "unknown kty": rsa_jwk("bad") | {"kty": "XYZ"},
    "kty a list": rsa_jwk("bad") | {"kty": ["RSA"]},
    "kty of another alg": rsa_jwk("bad") | {"kty": "EC"},
    "for encryption": rsa_jwk("bad", use="enc", alg="RSA-OAEP"),
    "for encryption, alg of a signature": rsa_jwk("bad", use="enc"),
    "operations without verify": rsa_jwk("bad", key_ops=["encrypt"]),
    "operations a number": rsa_jwk("bad", key_ops=1),
    "symmetric": {"kty": "oct", "kid": "bad", "k": "AAAA", "alg": "HS256"},
    "symmetric under an asymmetric alg": {"kty": "oct", "kid": "bad", "k": "AAAA", "alg": "RS256"},
    "private": private_jwk(),
    "alg unknown": rsa_jwk("bad", alg="RS1"),
    "alg none": rsa_jwk("bad", alg="none"),
    "alg a list": rsa_jwk("bad") | {"alg": ["RS256"]},
    "RSA of 1024 bits": rsa_jwk("weak", bits=1024),
    "RSA of 16384 bits": rsa_jwk("bad") | {"n": b64(b"\xff" * 2048)},
    "RSA modulus of leading zeros": rsa_jwk("weak", bits=1024)
    | {"n": b64(bytes(256) + rsa_key("weak", 1024).public_key().public_numbers().n.to_bytes(128))},
    "RSA modulus no base64url": rsa_jwk("bad") | {"n": "***"},
    "RSA modulus a number": rsa_jwk("bad") | {"n": 7},
    "RSA modulus absent": {name: value for name, value in rsa_jwk("bad").items() if name != "n"},
    "RSA exponent 1": rsa_jwk("bad") | {"e": "AQ"},
    "RSA exponent even": rsa_jwk("bad") | {"e": "BA"},
    "RSA exponent zero": rsa_jwk("bad") | {"e": "AA"},
    "EC point not on its curve": ec_jwk("bad") | {"y": b64(bytes(32))},
    "EC curve of another alg": ec_jwk("bad") | {"crv": "P-384"},
    "EC curve unknown": ec_jwk("bad") | {"crv": "secp256k1", "alg": "ES256K"},
    "OKP for key agreement": ed_jwk("bad") | {"crv": "X25519"},
    "OKP too short": ed_jwk("bad") | {"x": "AAAA"},
    "no object": "bad",
    "null": None,
    "a list": [rsa_jwk("bad")],
}


@pytest.mark.parametrize("entry", BAD.values(), ids=BAD.keys())
def test_a_bad_key_is_skipped_and_the_others_count(entry: object):
    assert kids(entry) == set()


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(rsa_jwk("k"), id="RSA"),
        pytest.param(rsa_jwk("k", bits=3072), id="RSA of 3072 bits"),
        pytest.param(ec_jwk("k"), id="EC"),
        pytest.param(ed_jwk("k"), id="Ed25519"),
        pytest.param(ed_jwk("k") | {"alg": "Ed25519"}, id="Ed25519 by its RFC 9864 name"),
        pytest.param({name: v for name, v in rsa_jwk("k").items() if name != "use"}, id="no use"),
        pytest.param(rsa_jwk("k", key_ops=["verify"]), id="key_ops with verify"),
        pytest.param(rsa_jwk("k", x5c=["not looked at"], x5u=1, x5t=None, foo={}), id="other members"),
    ],
)
def test_a_good_key_is_kept(entry: dict[str, object]):
    assert kids(entry) == {"k"}


@pytest.mark.parametrize(
    ("entry", "alg"), [(rsa_jwk("k", alg=None), "RS256"), (ec_jwk("k"), "ES256"), (ed_jwk("k"), "EdDSA")]
)
def test_a_key_that_names_no_algorithm_is_bound_to_the_usual_one(entry: dict[str, object], alg: str):
    entry = {name: value for name, value in entry.items() if name != "alg"}

    assert set(parse({"keys": [entry]}, ALGORITHMS).by_kid["k"]) == {alg}


def test_a_key_of_an_algorithm_that_is_not_accepted_here_is_skipped():
    keys = parse(JWKS, frozenset({"RS256"}))

    assert set(keys.by_kid) == {"rsa"}


def test_one_kid_under_two_algorithms_is_two_keys():
    keys = parse({"keys": [rsa_jwk("k"), rsa_jwk("k", alg="PS256")]}, ALGORITHMS)

    assert set(keys.by_kid["k"]) == {"RS256", "PS256"}


def test_no_more_than_the_first_fifty_keys_are_looked_at():
    entries = [ec_jwk("k") | {"kid": f"k{number}"} for number in range(MAX_KEYS + 10)]

    assert len(parse({"keys": entries}, ALGORITHMS).by_kid) == MAX_KEYS


@pytest.mark.parametrize("jwks", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}, {"keys": []}, {"keys": [{}]}])
def test_a_document_without_a_usable_key_is_no_set(jwks: dict[str, object]):
    with pytest.raises(SourceFailed):
        parse(jwks, ALGORITHMS)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(rsa_jwk("k") | {"key_ops": [], "d": ""})), values)
def test_whatever_stands_in_a_key_the_good_one_beside_it_counts(name: str, value: object):
    keys = parse({"keys": [rsa_jwk("k") | {name: value}, rsa_jwk("good")]}, ALGORITHMS)

    assert "good" in keys.by_kid


def roca_jwk(kid: str) -> dict[str, object]:
    """A modulus with the chip's mark, made as the chip makes its primes: k * M + (65537 ** a mod M)."""
    product = math.prod(n for n in range(2, 168) if all(n % d for d in range(2, n)))
    half = [(k << 720) * product + pow(65_537, a, product) for k, a in ((5 << 90, 1234), (7 << 90, 4321))]
    modulus = half[0] * half[1]
    return rsa_jwk("k") | {"kid": kid, "n": b64(modulus.to_bytes((modulus.bit_length() + 7) // 8))}


def test_a_key_whose_private_half_can_be_computed_is_refused_with_a_line(caplog: pytest.LogCaptureFixture):
    assert kids(roca_jwk("weak"), rsa_jwk("k")) == {"k"}

    [told] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert (told.message, told.kid) == ("jwks_key_refused", "weak")


def test_keys_beyond_the_bound_are_told(caplog: pytest.LogCaptureFixture):
    entries = [ed_jwk("k") | {"kid": f"k{number}"} for number in range(MAX_KEYS + 7)]

    parse({"keys": entries}, ALGORITHMS)

    [told] = caplog.records
    assert (told.message, told.published, told.taken) == ("jwks_keys_left_out", MAX_KEYS + 7, MAX_KEYS)


def test_two_keys_of_one_kid_are_both_kept():
    keys = parse({"keys": [rsa_jwk("a") | {"kid": "k"}, rsa_jwk("b") | {"kid": "k"}]}, ALGORITHMS)

    assert len(keys.by_kid["k"]["RS256"]) == 2
