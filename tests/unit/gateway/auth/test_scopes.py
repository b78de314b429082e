"""Which kind of credentials may grant what."""

from __future__ import annotations

import pytest

from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.errors import InsufficientScope, InvalidCredentials, WrongMethod
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.auth.principal import Principal
from gateway.auth.scopes import BULK_UPDATE, INTEGRATION_API, Permissions

METHODS = (API_KEY, KEYCLOAK)


def token_holder(*, roles: tuple[str, ...] = (), scopes: tuple[str, ...] = ()) -> Principal:
    return Principal(id="partners::7", method=KEYCLOAK, roles=frozenset(roles), scopes=frozenset(scopes))


def key_holder(*scopes: str) -> Principal:
    return Principal(id="key:1", method=API_KEY, scopes=frozenset(scopes))


def test_a_token_may_use_the_bulk_endpoint_where_no_role_or_scope_is_asked_for():
    Permissions(METHODS).require(token_holder(), BULK_UPDATE)


def test_a_token_with_the_role_and_the_scope_may_use_the_bulk_endpoint():
    permissions = Permissions(METHODS, required_role="updater", required_scope="actions:write")

    permissions.require(token_holder(roles=("updater",), scopes=("actions:write", "openid")), BULK_UPDATE)


@pytest.mark.parametrize(
    ("holder", "missing"),
    [
        pytest.param(token_holder(scopes=("actions:write",)), "updater", id="no role"),
        pytest.param(token_holder(roles=("updater",)), "actions:write", id="no scope"),
        pytest.param(token_holder(roles=("actions:write",), scopes=("updater",)), "updater", id="exchanged"),
    ],
)
def test_a_token_without_the_role_or_the_scope_is_told_which_one_is_missing(holder: Principal, missing: str):
    permissions = Permissions(METHODS, required_role="updater", required_scope="actions:write")

    with pytest.raises(InsufficientScope) as refused:
        permissions.require(holder, BULK_UPDATE)

    assert refused.value.scope == missing


def test_a_key_with_the_scope_may_use_the_integration_endpoint():
    Permissions(METHODS).require(key_holder(INTEGRATION_API), INTEGRATION_API)


def test_one_of_several_permissions_is_enough():
    permissions = Permissions(METHODS, required_role="updater")

    permissions.require(key_holder(INTEGRATION_API), BULK_UPDATE, INTEGRATION_API)
    permissions.require(token_holder(roles=("updater",)), INTEGRATION_API, BULK_UPDATE)


def test_who_holds_none_of_several_is_told_of_the_first():
    with pytest.raises(InsufficientScope) as refused:
        Permissions(METHODS, required_role="updater").require(token_holder(), BULK_UPDATE, INTEGRATION_API)

    assert refused.value.scope == "updater"


def test_a_key_without_the_scope_is_told_so():
    with pytest.raises(InsufficientScope) as refused:
        Permissions(METHODS).require(key_holder(), INTEGRATION_API)

    assert refused.value.scope == INTEGRATION_API


@pytest.mark.parametrize(
    ("holder", "permission", "words"),
    [
        pytest.param(
            token_holder(roles=(INTEGRATION_API,), scopes=(INTEGRATION_API,)),
            INTEGRATION_API,
            "This endpoint takes an API key; a Keycloak access token cannot be used here.",
            id="token on the integration endpoint",
        ),
        pytest.param(
            key_holder(BULK_UPDATE, INTEGRATION_API),
            BULK_UPDATE,
            "This endpoint takes a Keycloak access token; an API key cannot be used here.",
            id="key on the bulk endpoint",
        ),
    ],
)
def test_the_wrong_kind_of_credentials_is_refused_by_name_whatever_it_carries(holder, permission, words):
    with pytest.raises(WrongMethod) as refused:
        Permissions(METHODS).require(holder, permission)

    assert refused.value.detail == words
    assert isinstance(refused.value, InvalidCredentials)


@pytest.mark.parametrize("holder", [token_holder(scopes=("OTHER",)), key_holder("OTHER")])
def test_what_the_table_does_not_name_nothing_grants(holder: Principal):
    with pytest.raises(WrongMethod):
        Permissions(METHODS).require(holder, "OTHER")


def test_the_table_is_closed():
    assert {one.name: one.grants for one in METHODS} == {"keycloak": {"BULK_UPDATE"}, "api_key": {"INTEGRATION_API"}}
