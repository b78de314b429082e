"""Which public field a core's name of a place is about."""

from __future__ import annotations

import sys

from gateway.resources.error_names import ErrorNames

NAMES = ErrorNames({"plan.due": "due_date", "state": "status"}, {"id": "actionId"}, "data")


def calls_for(place: str) -> int:
    """Of functions in C, which look up and join."""
    made: list[str] = []
    sys.setprofile(lambda _frame, event, _function: made.append(event))
    try:
        NAMES.public(place)
    finally:
        sys.setprofile(None)
    return made.count("c_call")


def test_a_place_of_many_levels_costs_no_more_than_one_as_deep_as_the_fields():
    # Each has to be told apart from a digit.
    assert calls_for("a." * 240 + "a") - calls_for("a.a.a.a") <= 2 * 240


def test_a_place_below_a_field_is_about_the_field_however_deep_it_is():
    assert NAMES.public("data.plan.due" + ".x" * 200) == "due_date"
    assert NAMES.public("data.0.plan.1.due" + ".x" * 200) == "due_date"
