"""``[answers]``, ``[meaning]`` and ``[codes]`` of a map: what the core's answers say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.resources.map_tables import check_keys, parsed, path_in, table_in, text_in, wrong
from legacy_client.errors import AccessDenied, Busy, Conflict, Locked, NotFound, Rejected, ServerFailed
from legacy_client.header_line import is_header_name
from legacy_client.sending.shape import AnswerShape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from legacy_client.errors import CoreError

WORDS: Mapping[str, type[CoreError]] = {
    "rejected": Rejected,
    "not_found": NotFound,
    "conflict": Conflict,
    "busy": Busy,
    "locked": Locked,
    "access_denied": AccessDenied,
    "failed": ServerFailed,
}
ITEM_AT = "action_at"
"""Its name in the map."""
_PATHS = {
    ITEM_AT: "data",
    "id_at": "id",
    "message_at": "message",
    "errors_at": "errors",
    "field_at": "field",
    "text_at": "message",
    "ok_at": "",
    "code_at": "",
    "wait_at": "",
}
_OTHERS = ("ok", "ok_is", "error_at", "empty", "wait_header")


def read_answers(text: str) -> AnswerShape:
    """Raises CoreMapError."""
    document = parsed(text)
    answers, meaning, codes = (table_in(document, name) for name in ("answers", "meaning", "codes"))
    check_keys(answers, "answers.", (*_PATHS, *_OTHERS))
    paths = {name: path_in(answers, name, default) for name, default in _PATHS.items()}
    item_at = paths.pop(ITEM_AT)
    for name in ("id_at", "message_at", "errors_at", "field_at", "text_at"):
        if not paths[name]:
            raise wrong(f"answers.{name}", "must not be empty")
    error_at = path_in(answers, "error_at", "")
    if error_at and ("ok_at" in answers or "ok_is" in answers):
        raise wrong("answers.error_at", "must stand without ok_at and ok_is: one of both says what a success is")
    paths["ok_at"] = error_at or paths["ok_at"]
    if codes and not paths["code_at"]:
        raise wrong("codes", "needs answers.code_at, which says where an answer has its code")
    return AnswerShape(
        **paths,
        item_at=item_at,
        wait_header=_wait_header(answers),
        ok=frozenset(_statuses(answers, "ok", range(200, 300))),
        ok_is=None if error_at else _scalar(answers, "ok_is", default=True),
        empty=frozenset(_statuses(answers, "empty", (202, 204))),
        meanings={_status(name): _word(meaning, "meaning.", name) for name in meaning},
        codes={name: _word(codes, "codes.", name) for name in codes},
    )


def word_for(error: CoreError) -> str:
    """The map's word of what an answer means that can be read."""
    return next(word for word, kind in WORDS.items() if type(error) is kind)


def _wait_header(answers: Mapping[str, Any]) -> str:
    name = text_in(answers, "answers.", "wait_header", "Retry-After")
    if not is_header_name(name):
        raise wrong("answers.wait_header", "must be a header's name")
    return name


def _scalar(table: Mapping[str, Any], name: str, *, default: object) -> object:
    found = table.get(name, default)
    if type(found) not in (bool, int, str):
        raise wrong(f"answers.{name}", "must be true, false, a whole number or a text")
    return found


def _statuses(table: Mapping[str, Any], name: str, default: Iterable[int]) -> Iterable[int]:
    found = table.get(name)
    if found is None:
        return default
    if type(found) is not list or any(type(each) is not int or not 200 <= each < 300 for each in found):
        raise wrong(f"answers.{name}", "must be a list of statuses from 200 to 299")
    return found


def _status(name: str) -> int:
    # Anything else may have been applied, and no word makes that certain.
    if not (name.isascii() and name.isdigit() and len(name) == 3 and name[0] == "4"):
        raise wrong(
            f"meaning.{name}", "must be a status from 400 to 499: only of these it is certain that nothing was applied"
        )
    return int(name)


def _word(table: Mapping[str, Any], where: str, name: str) -> type[CoreError]:
    found = text_in(table, where, name, "")
    if found not in WORDS:
        raise wrong(f"{where}{name}", f"must be one of: {', '.join(WORDS)}; it is {found!r:.80}")
    return WORDS[found]
