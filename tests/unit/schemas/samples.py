"""Values and hypothesis strategies for the contract's fields: valid ones, nearly valid ones, and hostile ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

PARTNER = "6f1c1f0e-6f0b-4b8e-9d2c-0f0e6a6f1c1f"
OTHER_PARTNER = "0b7a2d6c-91e4-4c55-8f0d-5a1b2c3d4e5f"

FULL_ITEM: dict[str, Any] = {
    "actionId": "19353",
    "category_action": "validation",
    "type_action": "link",
    "status": "active",
    "title": {"en": "Leave approval", "fr": "Validation de congé"},
    "subtitle": {"en": "Two days", "fr": "Deux jours"},
    "details": {"en": "Please approve.", "fr": "Merci de valider."},
    "partner_ids": [PARTNER],
    "effective_date": "2024-01-10 06:51:15",
    "due_date": "2024-02-29 23:59:59",
    "expires_at": "9999-12-31 00:00:00",
}

BAD_IDS: list[Any] = [
    "", "0", "000", "9" * 21, "0" * 20 + "1", " 1", "1 ", "+1", "-1", "1.0", "1e3", "1_0", "0x1f", "..", "%2e", "1/2",
    "1\n", "1\x00", "١٢٣", "１２", "²", "५", 0, -1, 10**20, 1.0, 1.5, True, False, [], ["1"], {}, {"id": 1},
]  # fmt: skip

BAD_TIMESTAMPS: list[Any] = [
    "", "2024-01-10", "06:51:15", "2024-01-10T06:51:15", "2024-01-10 06:51:15Z", "2024-01-10 06:51:15+00:00",
    "2024-01-10 06:51:15.5", "2024-01-10 06:51", "2024-1-10 06:51:15", "2024-01-10  06:51:15", " 2024-01-10 06:51:15",
    "2024-01-10 06:51:15 ", "2024-01-10 06:51:15\n", "2024-02-30 00:00:00", "2023-02-29 00:00:00",
    "1900-02-29 00:00:00", "2024-04-31 00:00:00", "2024-13-01 00:00:00", "2024-00-01 00:00:00", "2024-01-00 00:00:00",
    "2024-01-32 00:00:00", "0000-01-01 00:00:00", "2024-01-10 24:00:00", "2024-01-10 23:60:00", "2024-01-10 23:59:60",
    "2024-01-10 06:51:1", "2024-01-10 06-51-15", "2024/01/10 06:51:15", "20240110 06:51:15.0", "2024-W01-1 06:51:15",
    "2024-010-1 06:51:15", "2024-01-10 065115.00", "2024-01-10 06:51:+1", "2024-01-10 06:51+01", "2024-01-10_06:51:15",
    "-024-01-10 06:51:15", "+024-01-10 06:51:15", "٢٠٢٤-٠١-١٠ ٠٦:٥١:١٥", "2024-01-10 06:51:1５", "12024-01-10 6:51:15",
    "now", 1704869475, 1704869475.0, True, [], ["2024-01-10 06:51:15"], {}, {"date": 1},
]  # fmt: skip

BAD_UUIDS: list[Any] = [
    "", "x", PARTNER[:-1], PARTNER + "0", PARTNER.replace("-", ""), "{" + PARTNER + "}", "urn:uuid:" + PARTNER,
    PARTNER.replace("-", "_"), PARTNER.replace("6", "g"), " " + PARTNER[1:], PARTNER[:-1] + "\n", PARTNER + "\n",
    PARTNER[:-1] + "１", PARTNER.replace("-", "‐"), f"{PARTNER},{OTHER_PARTNER}", "6f1c1f0e6-f0b-4b8e-9d2c-0f0e6a6f1c1f",
    0, 1.5, True, [], [PARTNER], {},
]  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)

_names = st.sampled_from([*FULL_ITEM, "author_id", "colour", "_schema", "Title", "title.en", "", "data", "__class__"])
_words = st.sampled_from(["validation", "link", "form", "todo", "schedule", "active", "done", "Active", "active ", ""])
_bounded = st.builds(
    lambda character, count: character * count,
    st.sampled_from(["a", "é", "\U0001f600", "\x00"]),
    st.sampled_from([0, 1, 99, 100, 101, 200, 201, 254, 255, 256, 500, 501, 1000, 1001, 10_000, 10_001]),
)
texts = st.text(max_size=12) | _bounded


def _altered(text: str, position: int, character: str) -> str:
    place = position % (len(text) + 1)
    return text[:place] + character + text[place + 1 :]


def altered(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A valid text with one character replaced or added."""
    return st.builds(_altered, values, st.integers(0, 40), st.sampled_from("0123456789abcdefWTZ+-: .,_٣\n\x00é"))


ids = st.integers(1, 10**20 - 1).map(str) | st.integers(-2, 10**21) | st.from_regex(r"0*[0-9]{1,21}", fullmatch=True)
moments = st.datetimes(min_value=datetime(1, 1, 1)).map(lambda moment: moment.isoformat(" ")[:19])  # noqa: DTZ001 -- the contract's moments have no zone
uuids = st.uuids().map(str) | st.uuids().map(lambda uuid: str(uuid).upper()) | st.just(PARTNER)
languages = st.sampled_from(["en", "fr", "en", "fr", "de", "EN", "_schema", ""])
translations = st.dictionaries(languages, texts | st.none() | json_values, max_size=3) | st.fixed_dictionaries(
    {}, optional={"en": texts, "fr": texts}
)

_valid_or_hostile = {
    "actionId": ids | altered(ids.map(str)) | st.sampled_from(BAD_IDS),
    "category_action": _words,
    "type_action": _words,
    "status": _words,
    "title": translations,
    "subtitle": translations,
    "details": translations,
    "partner_ids": st.lists(uuids | altered(uuids) | st.sampled_from(BAD_UUIDS), max_size=4)
    | st.lists(uuids, max_size=3),
    "effective_date": moments | altered(moments),
    "due_date": moments | altered(moments) | st.sampled_from(BAD_TIMESTAMPS),
    "expires_at": moments,
}
_valid_words = st.sampled_from(["validation", "link", "form", "todo", "schedule"])
_valid_texts = st.dictionaries(st.sampled_from(["en", "fr"]), st.text(max_size=12), min_size=1)
_valid_fields: dict[str, st.SearchStrategy[Any]] = {
    "category_action": _valid_words,
    "type_action": _valid_words,
    "status": st.sampled_from(["active", "inactive", "draft", "approved", "pending", "done"]),
    "title": _valid_texts,
    "subtitle": _valid_texts | st.none(),
    "details": _valid_texts,
    "partner_ids": st.lists(uuids, min_size=1, max_size=3, unique_by=str.lower),
    "effective_date": moments | st.none(),
    "due_date": moments | st.none(),
    "expires_at": moments | st.none(),
}
_valid_ids = st.integers(1, 10**20 - 1) | st.integers(1, 10**9).map(lambda number: f"0{number}")
_valid = st.fixed_dictionaries({"actionId": _valid_ids}, optional=_valid_fields)
valid_action_items = _valid.filter(lambda item: len(item) > 1)
"""Items of a batch that the contract allows."""
_likely_valid = st.fixed_dictionaries(
    {"actionId": ids}, optional={name: values for name, values in _valid_or_hostile.items() if name != "actionId"}
)
_one_value_odd = st.builds(lambda name, value: {**FULL_ITEM, name: value}, _names, json_values | texts)
_hostile = st.dictionaries(_names, json_values | texts, max_size=6)

action_items: st.SearchStrategy[Any] = (
    _valid
    | st.builds(lambda item, name, value: {**item, name: value}, _valid, _names, json_values | texts)
    | _likely_valid
    | st.fixed_dictionaries({}, optional=_valid_or_hostile)
    | st.builds(lambda item, more: {**item, **more}, _likely_valid, st.dictionaries(_names, json_values, max_size=2))
    | _one_value_odd
    | _hostile
    | json_values
)
"""Items of a batch: some valid, some with one thing wrong, some with many, some hostile."""

_options = st.fixed_dictionaries({"label": texts, "value": st.sampled_from(["a", "b", "c"]) | texts})
_input_field = st.fixed_dictionaries(
    {"label": texts},
    optional={
        "type": st.sampled_from(["TEXT", "SELECT", "SELECT", "ID", "select", "NUMBER"]),
        "description": texts,
        "placeholder": texts | st.none(),
        "required": st.booleans() | st.sampled_from(["true", 1, None]),
        "options": st.none() | st.lists(_options | json_values, max_size=3),
        "allowMultiSelect": st.none() | st.booleans(),
        "contextActionId": st.none() | uuids | altered(uuids),
        "colour": json_values,
    },
)
_short = st.text(min_size=1, max_size=9)
_valid_input_field = st.fixed_dictionaries(
    {"label": _short},
    optional={"type": st.sampled_from(["TEXT", "ID"]), "description": _short, "placeholder": _short | st.none()},
) | st.fixed_dictionaries(
    {
        "label": _short,
        "type": st.just("SELECT"),
        "options": st.lists(st.fixed_dictionaries({"label": _short, "value": _short}), min_size=1, max_size=2),
    },
    optional={"allowMultiSelect": st.none() | st.booleans(), "contextActionId": st.none() | uuids},
)
integration_actions: st.SearchStrategy[Any] = (
    st.fixed_dictionaries(
        {"name": _short},
        optional={"description": _short, "code": _short | st.none(), "inputFields": st.lists(_valid_input_field)},
    )
    | st.fixed_dictionaries(
        {"name": texts},
        optional={
            "description": texts,
            "code": texts | st.none() | json_values,
            "inputFields": st.lists(_input_field, max_size=3) | st.lists(_input_field | json_values, max_size=3),
            "colour": json_values,
        },
    )
    | st.dictionaries(st.sampled_from(["name", "description", "code", "inputFields", "x"]), json_values, max_size=4)
    | json_values
)
"""Bodies of the integration action's PUT."""
