"""Whatever comes in as a token, only an error of ours or an answer comes out."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.credentials import Credentials
from gateway.auth.errors import AuthError
from gateway.auth.principal import Principal
from tests.doubles.issuer import (
    AUDIENCE,
    ISSUER,
    World,
    claims,
    compact,
    rs256,
    token,
)

anything = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300).map(lambda data: data.decode("latin-1")),
    st.from_regex(r"[A-Za-z0-9_-]{1,60}\.[A-Za-z0-9_-]{1,60}\.[A-Za-z0-9_-]{1,60}", fullmatch=True),
    st.builds(compact, st.binary(max_size=80), st.binary(max_size=80), st.just(rs256("rsa"))),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([ISSUER, AUDIENCE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SHARED = World()


@given(anything)
def test_whatever_bytes_come_in_only_an_auth_error_or_an_answer_comes_out(text: str):
    try:
        answer = SHARED.authenticator.identify(Credentials.of({"Authorization": text}.get))
        answer = SHARED.identify(text)
    except AuthError:
        return

    assert answer is None


@given(
    st.sampled_from(sorted(claims())), json_values, st.sampled_from(["alg", "kid", "typ", "crit", "jwk"]), json_values
)
def test_a_signed_token_with_any_value_for_a_claim_is_refused_or_let_in_and_never_breaks(
    claim: str, value: object, name: str, head: object
):
    for text in (token({**claims(), claim: value}), token(**{name: head})):
        with contextlib.suppress(AuthError):
            assert isinstance(SHARED.identify(text), Principal)
