"""A team's own translation, where rows cannot say what its core speaks: ``python = "team.core:Translation"`` of a map."""

from __future__ import annotations

import inspect
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson

from gateway.resources.map_tables import CoreMapError, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.resources.resource import Example, Translation
    from schemas.batches import ItemSchema

_log = logging.getLogger(__name__)
_PLACE = "core.python"
_METHODS = {"to_legacy": ("item",), "from_legacy": ("item_id", "data"), "errors_to_public": ("errors",)}


def loaded(
    name: str, mapped: Translation, schema: ItemSchema, languages: Sequence[str], example: Example
) -> Translation:
    """Made with ``mapped``, which has the rows of the map, and the languages. Raises CoreMapError."""
    make = _found(name)
    translation = _tried(name, lambda: make(mapped, languages))
    for method, parameters in _METHODS.items():
        _check_method(name, translation, method, parameters)
    guarded = GuardedTranslation(translation, schema)
    for item in example.sent:
        _try_out(name, translation, schema.id_name, item)
    return guarded


class GuardedTranslation:
    """What the team's code raises spoils one item: what was applied is told as applied."""

    def __init__(self, translation: Translation, schema: ItemSchema) -> None:
        self._translation = translation
        self._id_name = schema.id_name
        self._names = [name for name in schema.load_fields if name != schema.id_name]

    def to_legacy(self, item: Mapping[str, Any]) -> dict[str, object]:
        """Raises whatever the team's code raises, and TypeError for what is no object of fields."""
        legacy = self._translation.to_legacy(item)
        if type(legacy) is not dict:
            raise TypeError("to_legacy must return an object of fields")
        return legacy

    def from_legacy(self, item_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return _as_public(self._translation.from_legacy(item_id, data), self._id_name, item_id)
        except Exception:  # noqa: BLE001 -- the core has applied the call, whatever we make of its answer
            _log.exception("python_translation_failed", extra={"item_id": item_id})
            return {self._id_name: item_id, "unreadable": list(self._names)}

    def errors_to_public(self, errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        try:
            return _as_messages(self._translation.errors_to_public(errors))
        except Exception:  # noqa: BLE001 -- the core has refused the call, whatever we make of its words
            _log.exception("python_translation_failed", extra={"item_id": ""})
            return {"other": [message for messages in errors.values() for message in messages]}


def _found(name: str) -> Callable[..., Translation]:
    module, _, attribute = name.partition(":")
    if not (module and attribute.isidentifier()):
        raise wrong(_PLACE, f"must be a module and a class in it, like 'team.core:Translation'; it is {name!r}")
    found = getattr(_tried(name, lambda: import_module(module)), attribute, None)
    if not callable(found):
        raise wrong(_PLACE, f"must be a module and a class in it: {module} has no {attribute}")
    made: Callable[..., Translation] = found
    return made


def _check_method(name: str, translation: Translation, method: str, parameters: Sequence[str]) -> None:
    shown = f"{method}({', '.join(parameters)})"
    found = getattr(translation, method, None)
    if not callable(found):
        raise wrong(_PLACE, f"must have the method {shown}; {name} has none")
    try:
        inspect.signature(found).bind(*parameters)
    except TypeError as exc:
        raise wrong(_PLACE, f"must have the method {shown}; that of {name} takes other parameters") from exc


def _try_out(name: str, translation: Translation, id_name: str, item: Mapping[str, object]) -> None:
    item_id = str(item[id_name])
    legacy = _tried(f"{name}.to_legacy", lambda: orjson.loads(orjson.dumps(translation.to_legacy(item))))
    if type(legacy) is not dict:
        raise wrong(_PLACE, f"{name}.to_legacy must return an object of fields; it returned {legacy!r:.100}")
    _tried(f"{name}.from_legacy", lambda: _as_public(translation.from_legacy(item_id, legacy), id_name, item_id))
    _tried(f"{name}.errors_to_public", lambda: _as_messages(translation.errors_to_public({"field": ["message"]})))


def _as_public(public: Any, id_name: str, item_id: str) -> dict[str, Any]:
    """Raises TypeError."""
    if type(public) is not dict or public.get(id_name) != item_id:
        raise TypeError(f"must return an object with the {id_name} that it got")
    # Raises TypeError for what JSON cannot carry.
    orjson.dumps(public)
    return public


def _as_messages(public: Any) -> dict[str, list[str]]:
    """Raises TypeError."""
    if type(public) is not dict or any(
        type(name) is not str or type(texts) is not list or any(type(text) is not str for text in texts)
        for name, texts in public.items()
    ):
        raise TypeError("must return lists of texts by field")
    return public


def _tried(name: str, do: Callable[[], Any]) -> Any:
    """In one line. Raises CoreMapError."""
    try:
        return do()
    except CoreMapError:
        raise
    except (Exception, SystemExit) as exc:
        told = " ".join(f"{type(exc).__name__}: {exc}".split())
        raise wrong(_PLACE, f"{name} failed: {told:.300}") from exc
