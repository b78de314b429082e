from __future__ import annotations

import os

import pytest

from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.auth.principal import Principal
from gateway.partners.directory import Partners, as_partner
from gateway.partners.edit import added, blocked, replace_file
from gateway.partners.partner import Partner, read_partners

ID = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00"
FILE = f"""# agreed in May
[acme]
principals = ["partners:crm:*", "key:1"]  # two systems
rate = "1000/minute"
share = 25
partners = ["{ID.upper()}"]

[old-partner]
principals = ["partners:crm:5f0c"]
dry_run_only = true
blocked = "Call us."
"""


def principal(name, **more):
    return Principal(id=name, method=KEYCLOAK, scopes=frozenset(), **more)


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "partners.toml"
    made.write_text(FILE)
    return made


def test_a_file_says_what_holds_for_each_partner():
    assert read_partners(FILE) == {
        "acme": Partner(
            name="acme",
            principals=("partners:crm:*", "key:1"),
            rate="1000/minute",
            share=25,
            partner_ids=frozenset({ID}),
        ),
        "old-partner": Partner(
            name="old-partner", principals=("partners:crm:5f0c",), blocked="Call us.", dry_run_only=True
        ),
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[a]\n", "a.principals: must be a list of texts, at least one"),
        ('[a]\nprincipals = ["p"]\nspeed = 1', "a.speed: not known"),
        ('[a]\nprincipals = ["p"]\nrate = "10/day"', "a.rate: must be"),
        ('[a]\nprincipals = ["p"]\nshare = 0', "a.share: must be a percentage"),
        ('[a]\nprincipals = ["p"]\nshare = true', "a.share: must be a percentage"),
        ('[a]\nprincipals = ["p"]\nblocked = ""', "a.blocked: must be the message"),
        ('[a]\nprincipals = ["p"]\nblocked = true', "a.blocked: must be the message"),
        ('[a]\nprincipals = ["p"]\ndry_run_only = "yes"', "a.dry_run_only: must be true or false"),
        ('[a]\nprincipals = ["p"]\npartners = ["1"]', "a.partners: must be a list of UUIDs"),
        ('[a]\nprincipals = ["p"]\n[b]\nprincipals = ["p"]', "b.principals: p is a's too"),
        ('[other]\nprincipals = ["p"]', "'other': a name must"),
        ('["a b"]\nprincipals = ["p"]', "'a b': a name must"),
        ("a = 1", r"a: must be a table, \[a\]"),
        ("[a", "Expected"),
        ("a = " + 20_000 * "[", "has too many levels"),
        ("\n".join(f'[p{number}]\nprincipals = ["{number}"]' for number in range(1001)), "at most 1,000 partners"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(text, reason):
    with pytest.raises(ValueError, match=reason):
        read_partners(text)


@pytest.mark.parametrize(
    ("caller", "name"),
    [("key:1", "acme"), ("partners:crm:1", "acme"), ("partners:crm:5f0c", "old-partner"), ("partners:x:1", None)],
)
def test_a_caller_is_its_partners_by_its_id_or_by_its_beginning(path, caller, name):
    found = Partners(path).of(principal(caller))

    assert (found and found.name) == name


def test_what_the_operator_says_goes_before_what_the_credentials_say():
    mine, others = ID, "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1aff"
    acme = read_partners(FILE)["acme"]

    plain = as_partner(principal("key:1", rate="5/minute"), acme)
    narrow = as_partner(principal("key:1", partner_ids=frozenset({others})), acme)

    assert (plain.rate, plain.rated_as, plain.share, plain.partner) == ("1000/minute", "partner:acme", 25, "acme")
    assert plain.partner_ids == {mine}
    assert narrow.partner_ids == frozenset()


def test_a_new_file_is_in_force_and_one_that_is_wrong_changes_nothing(path, caplog):
    partners = Partners(path)
    partners._known._check_seconds = 0.0
    path.write_text(FILE.replace("25", "26"))
    assert partners.of(principal("key:1")).share == 26

    path.write_text("[acme")
    os.utime(path, ns=(1, 1))

    for _ in range(2):
        assert partners.of(principal("key:1")).share == 26
    assert caplog.messages == ["partners_file_taken", "partners_file_unusable"]
    taken = caplog.records[0]
    assert (taken.partners, taken.changed) == (2, "acme")


def test_a_partner_is_blocked_and_let_in_again_and_all_else_stays_as_it_was():
    changed = blocked(FILE, "acme", 'Call "us":\nnow')

    assert read_partners(changed)["acme"].blocked == 'Call "us":\nnow'
    assert "# agreed in May" in changed
    assert "# two systems" in changed
    assert blocked(changed, "acme", "") == FILE
    assert read_partners(blocked(FILE, "old-partner", ""))["old-partner"].blocked == ""


def test_a_file_of_another_style_is_left_to_its_writer():
    with pytest.raises(ValueError, match="by hand"):
        blocked('acme = {principals = ["p"]}', "acme", "no")
    with pytest.raises(KeyError):
        blocked(FILE, "nobody", "no")


def test_a_partner_is_added_behind_the_others():
    grown = added(FILE, Partner(name="new", principals=("partners:é:1",)))

    assert grown.startswith(FILE)
    assert read_partners(grown)["new"].principals == ("partners:é:1",)
    assert read_partners(added("", Partner(name="new", principals=("p",)))).keys() == {"new"}


def test_a_file_is_replaced_whole_and_keeps_its_mode(path):
    path.chmod(0o640)

    replace_file(path, "# new\n")

    assert path.read_text() == "# new\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == ["partners.toml"]
