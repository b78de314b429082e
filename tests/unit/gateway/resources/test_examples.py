"""The example of each resource is one that the service takes and gives, in whatever languages it is set up for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.api.routes import RESOURCES
from tests.e2e.documents.resource import documents

if TYPE_CHECKING:
    from gateway.resources.resource import MakeResource


@pytest.mark.parametrize("languages", [("en",), ("en", "fr"), ("de",)], ids=",".join)
@pytest.mark.parametrize("make", [*RESOURCES, documents])
def test_an_example_is_taken_by_its_own_loader_and_shown_as_it_comes_back(
    make: MakeResource, languages: tuple[str, ...]
) -> None:
    resource = make(languages, 10, lambda: None)
    sent, updated = resource.example

    items = list(resource.items({"data": list(sent)}))

    assert items == sent
    for item, answer in zip(items, updated, strict=True):
        back = resource.translation.from_legacy(item[resource.id_name], resource.translation.to_legacy(item))
        assert back.items() <= answer.items()
        assert resource.updated_schema().validate(answer) == {}


def test_texts_are_in_the_languages_of_the_service() -> None:
    [actions] = [make for make in RESOURCES if make.__name__ == "actions"]

    assert actions(("en", "fr"), 10, lambda: None).example.sent[0]["title"] == {
        "en": "Leave approval",
        "fr": "Validation de congé",
    }
    assert actions(("de",), 10, lambda: None).example.sent[0]["title"] == {"de": "Leave approval"}
