"""Callers with an API key."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.auth.api_keys.api_key_authenticator import RECORD_SECONDS, ApiKeyAuthenticator
from gateway.auth.api_keys.key import KeyText, hashed, mint
from gateway.auth.credentials import Credentials
from gateway.auth.errors import InvalidCredentials, KeysUnavailable, SourceFailed
from tests.doubles.issuer import NOW, Clock, token
from tests.unit.gateway.auth.key_records import INTEGRATION, record

if TYPE_CHECKING:
    from gateway.auth.api_keys.record import ApiKey


class MemoryKeys:
    """The port, in memory, counting."""

    def __init__(self, *records: ApiKey) -> None:
        self.records = {entry.id: entry for entry in records}
        self.looked_up: list[str] = []
        self.touched: list[tuple[str, float]] = []
        self.failure = self.failure_to_note = ""

    def get(self, key_id: str) -> ApiKey | None:
        self.looked_up.append(key_id)
        if self.failure:
            raise SourceFailed(self.failure)
        return self.records.get(key_id)

    def version(self) -> frozenset[ApiKey]:
        return frozenset(self.records.values())

    def touch(self, key_id: str, at: float) -> None:
        if self.failure_to_note:
            raise SourceFailed(self.failure_to_note)
        self.touched.append((key_id, at))


class Holder:
    """Somebody with a key, and an authenticator that knows it."""

    def __init__(self, **more: object) -> None:
        self.key = mint()
        self.keys = MemoryKeys(record(self.key, **more))
        self.clock, self.wall_clock = Clock(), Clock(NOW)
        self.authenticator = ApiKeyAuthenticator(self.keys, clock=self.clock, wall_clock=self.wall_clock)

    def identify(self, text: object = None):
        return self.authenticator.identify(Credentials.of({"Authorization": f"Bearer {text or self.key}"}.get))

    def change(self, **fields: object) -> None:
        self.keys.records[self.key.id] = replace(self.keys.records[self.key.id], **fields)


@pytest.fixture
def holder() -> Holder:
    return Holder()


def test_the_principal_says_whose_key_it_is_and_what_it_may_do(holder: Holder):
    principal = holder.identify()

    assert principal.id == f"key:{holder.key.id}"
    assert principal.method.name == "api_key"
    assert principal.scopes == {"INTEGRATION_API"}
    assert principal.integrations == {INTEGRATION}
    assert principal.rate == "10/minute"
    assert principal.authorization == f"Bearer {holder.key}"
    assert holder.key.secret not in repr(principal)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic gwk_x", f"Bearer {token()}", "Bearer GWK_x"])
def test_other_credentials_are_not_mine(holder: Holder, authorization: str):
    assert holder.authenticator.identify(Credentials.of({"Authorization": authorization}.get)) is None


def test_a_mistyped_key_is_refused_without_a_look_up(holder: Holder):
    with pytest.raises(InvalidCredentials):
        holder.identify(str(holder.key)[:-1])

    assert holder.keys.looked_up == []


@pytest.mark.parametrize("key", [mint(), KeyText("A" * 12, "b" * 32)], ids=["unknown id", "guessed"])
def test_an_unknown_key_is_refused(holder: Holder, key: KeyText):
    with pytest.raises(InvalidCredentials, match="unknown API key or wrong secret"):
        holder.identify(key)


def test_a_wrong_secret_is_refused_with_the_same_words(holder: Holder):
    with pytest.raises(InvalidCredentials, match="unknown API key or wrong secret"):
        holder.identify(mint(holder.key.id))


def test_an_unknown_id_costs_as_many_comparisons_as_a_known_one(holder: Holder, monkeypatch: pytest.MonkeyPatch):
    compared: list[str] = []
    monkeypatch.setattr(
        "gateway.auth.api_keys.api_key_authenticator.matches", lambda secret, stored: bool(compared.append(stored))
    )

    for key in (mint(), mint(holder.key.id)):
        with pytest.raises(InvalidCredentials):
            holder.identify(key)

    assert len(compared) == 4


def test_the_record_is_read_once_in_five_seconds(holder: Holder):
    for _ in range(100):
        holder.identify()
    assert len(holder.keys.looked_up) == 1

    holder.clock.now += RECORD_SECONDS
    holder.identify()
    assert len(holder.keys.looked_up) == 2


def test_a_revoked_key_stops_within_five_seconds(holder: Holder):
    holder.identify()
    holder.change(revoked=NOW)

    holder.clock.now += RECORD_SECONDS

    with pytest.raises(InvalidCredentials, match="revoked"):
        holder.identify()


def test_a_rotated_key_holds_with_its_new_secret_and_for_the_overlap_with_its_old_one(holder: Holder):
    new = mint(holder.key.id)
    holder.change(hash=hashed(new.secret), previous_hash=hashed(holder.key.secret), previous_until=NOW + 60)

    assert holder.identify(new).id == holder.identify().id
    holder.wall_clock.now += 60

    assert holder.identify(new)
    with pytest.raises(InvalidCredentials):
        holder.identify()


def test_a_new_secret_holds_at_once_where_the_old_record_is_remembered(holder: Holder):
    holder.identify()
    new = mint(holder.key.id)
    holder.change(hash=hashed(new.secret))

    assert holder.identify(new).id == f"key:{holder.key.id}"
    with pytest.raises(InvalidCredentials):
        holder.identify()


def test_a_wrong_secret_is_looked_up_again_only_where_the_store_has_changed(holder: Holder):
    holder.identify()

    for _ in range(100):
        with pytest.raises(InvalidCredentials):
            holder.identify(mint(holder.key.id))

    assert len(holder.keys.looked_up) == 1


def test_a_key_that_was_unknown_a_moment_ago_holds_as_soon_as_it_is_made(holder: Holder):
    made = mint()
    with pytest.raises(InvalidCredentials):
        holder.identify(made)

    holder.keys.records[made.id] = record(made)

    assert holder.identify(made).id == f"key:{made.id}"


def test_an_overlap_lets_no_third_secret_in(holder: Holder):
    holder.change(previous_hash=hashed("other"), previous_until=NOW + 60)

    with pytest.raises(InvalidCredentials):
        holder.identify(mint(holder.key.id))


def test_use_is_noted_at_most_once_a_minute(holder: Holder):
    for _ in range(100):
        holder.identify()
    assert holder.keys.touched == [(holder.key.id, NOW)]

    holder.clock.now += 60
    holder.identify()
    assert len(holder.keys.touched) == 2


def test_a_refused_key_is_not_noted_as_used(holder: Holder):
    with pytest.raises(InvalidCredentials):
        holder.identify(mint(holder.key.id))

    assert holder.keys.touched == []


def test_a_store_that_fails_is_no_fault_of_the_key(holder: Holder):
    holder.keys.failure = "disk I/O error"

    with pytest.raises(KeysUnavailable, match="disk I/O error"):
        holder.identify()


def test_a_store_that_fails_is_told_once_for_each_reason_and_once_when_it_is_back(holder: Holder, caplog):
    for reason in ("disk I/O error", "disk I/O error", "no such file", ""):
        holder.keys.failure = reason
        with contextlib.suppress(KeysUnavailable):
            holder.identify()

    assert [(entry.message, getattr(entry, "reason", "")) for entry in caplog.records] == [
        ("api_keys_unavailable", "disk I/O error"),
        ("api_keys_unavailable", "no such file"),
        ("api_keys_available", ""),
    ]


def test_a_store_that_cannot_note_the_use_does_not_stop_the_caller(holder: Holder):
    holder.identify()
    holder.keys.failure_to_note = "database is locked"
    holder.clock.now += 60

    assert holder.identify()


def test_the_key_goes_on_in_the_usual_spelling_of_its_scheme(holder: Holder):
    principal = holder.authenticator.identify(Credentials.of({"Authorization": f"bearer  {holder.key}"}.get))

    assert principal is not None
    assert principal.authorization == f"Bearer {holder.key}"
