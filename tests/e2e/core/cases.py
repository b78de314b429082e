"""Each fault of a core, the row that it turns red, and the settings that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.core.errors import legacy_error
from sandbox.server.messages import Answer, json_answer
from tests.doubles.checked_core import HTML, ITEM, LOGIN
from tests.doubles.core_faults import (
    an_hour_off,
    as_gzip,
    closes_at_rest,
    closes_each,
    closes_without_a_word,
    forgets_keys,
    has_keys_by_connection,
    ignores_keys,
    in_a_crowd,
    learns_keys_late,
    of_headers,
    of_item,
    of_item_alone,
    of_missing,
    of_success,
    of_unknown_field,
    of_wrong_value,
    refuses_long,
    takes_anything,
    tires,
    to_strangers,
    to_unknown_field,
    under_load,
    with_value,
)

if TYPE_CHECKING:
    from tests.doubles.checked_core import Fault


@dataclass(frozen=True)
class Case:
    """``fault`` turns ``row`` to ``verdict``, and the check says to write ``lines``.

    ``rest`` is that of connections, and ``GATEWAY_CORE_KEEPALIVE`` half of it.
    """

    name: str
    fault: Fault
    row: str
    verdict: str
    lines: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    rest: float = 0.02


_OF_ERROR = json_answer({"success": False, "error": {"code": 17}})
_ERROR_ALONE = json_answer({"error": {"code": 17}})
_SUCCESSES = (
    "html list null empty-object garbage wrong-id truncate reset-after vanish-after 500-after redirect huge "
    "reset vanish 401 403 404 409 429 500 502 502-after 503 503-after rejected"
)
_LOAD = ("--load",)
CASES = [
    Case("anyone may", lambda core, request: core.as_usual(request), "credentials", "warn"),
    Case("a login page for strangers", to_strangers(HTML), "credentials", "fail"),
    Case("a redirect for strangers", to_strangers(LOGIN), "credentials", "fail"),
    Case("500 for strangers", to_strangers(legacy_error(500)), "credentials", "fail"),
    Case("the gateway is refused", lambda *_: legacy_error(401), "credentials", "fail", ("GATEWAY_CORE_AUTH=…",)),
    Case(
        "200 with an error",
        of_missing(_OF_ERROR),
        "unknown id",
        "fail",
        ('[answers] ok_at = "success"', '[answers] code_at = "error.code"', '[codes] 17 = "not_found"'),
    ),
    Case("200 with an error alone", of_missing(_ERROR_ALONE), "unknown id", "fail", ('[answers] error_at = "error"',)),
    Case("200 with a web page", of_missing(HTML), "unknown id", "fail"),
    Case("a redirect to a login page", of_missing(LOGIN), "unknown id", "fail"),
    Case("410", of_missing(legacy_error(410)), "unknown id", "warn", ('[meaning] 410 = "not_found"',)),
    Case("403 for an unknown id", of_missing(legacy_error(403)), "unknown id", "warn"),
    Case("500 for an unknown id", of_missing(legacy_error(500)), "unknown id", "fail"),
    Case("503 for an unknown id", of_missing(legacy_error(503)), "unknown id", "fail"),
    Case("204 for an unknown id", of_missing(Answer(204)), "unknown id", "fail"),
    Case(
        "another method",
        of_headers(answer=Answer(405, b"", (("Allow", "GET, POST"),))),
        "framing",
        "fail",
        ('[update] method = "POST"',),
    ),
    Case(
        "a method of its own",
        of_headers(answer=Answer(405, b"", (("Allow", "GET, DELETE, MERGE"),))),
        "framing",
        "fail",
        ('[update] method = "MERGE"',),
    ),
    Case("unasked gzip", as_gzip, "framing", "fail"),
    Case("two lengths", of_headers(("Content-Length", "3")), "framing", "fail"),
    Case("a type twice", of_headers(("Content-Type", "application/json")), "framing", "warn"),
    Case("a clock an hour off", an_hour_off, "clock", "warn"),
    Case("short rests", closes_at_rest, "keep-alive", "fail", rest=10.0),
    Case("Connection: close", closes_each, "keep-alive", "warn", ("GATEWAY_CORE_KEEPALIVE=0",)),
    Case("no kept connections", closes_without_a_word, "keep-alive", "warn", ("GATEWAY_CORE_KEEPALIVE=0",)),
    Case("few calls a connection", tires, "keep-alive", "warn"),
    *(Case(f"{kind} on success", of_success(kind), "success", "fail") for kind in _SUCCESSES.split()),
    Case("the item is nobody's to write", of_item_alone(legacy_error(403)), "success", "fail"),
    Case(
        "the item elsewhere",
        of_item(lambda answer: {"result": answer["data"]}),
        "success",
        "fail",
        ('[answers] action_at = "result"',),
    ),
    Case(
        "ids as texts",
        of_item(lambda answer: {"data": {**answer["data"], "id": f"x{ITEM}"}}),
        "success",
        "fail",
        ('[core] id = "digits"',),
    ),
    Case(
        "another state",
        of_item(lambda answer: {"data": {**answer["data"], "state": 77}}),
        "success",
        "warn",
        ("[fields] …",),
    ),
    Case("a wrong value is taken", takes_anything, "refused value", "fail"),
    Case(
        "no field named",
        of_wrong_value(legacy_error(422)),
        "refused value",
        "warn",
        ('[answers] errors_at = "…"',),
    ),
    Case(
        "another field named",
        of_wrong_value(legacy_error(422, errors={"sub_title": ["No."]})),
        "refused value",
        "warn",
        ('[fields] … = {to = "…"}',),
    ),
    Case("500 for a wrong value", of_wrong_value(legacy_error(500)), "refused value", "fail"),
    Case("a page for a wrong value", of_wrong_value(HTML), "refused value", "fail"),
    Case("403 for a wrong value", of_wrong_value(legacy_error(403)), "refused value", "fail"),
    Case("403 for an unknown field", to_unknown_field(legacy_error(403)), "unknown field", "fail"),
    Case("409 for a wrong value", of_wrong_value(legacy_error(409)), "refused value", "fail"),
    Case("fields ignored in silence", of_unknown_field, "unknown field", "warn"),
    Case("keys ignored", ignores_keys, "idempotency", "fail", ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",)),
    Case(
        "keys by connection",
        has_keys_by_connection,
        "idempotency",
        "fail",
        ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",),
    ),
    Case("keys forgotten", forgets_keys, "idempotency", "fail", ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",)),
    Case("keys learnt late", learns_keys_late, "at once", "fail", ("GATEWAY_CORE_HONOURS_IDEMPOTENCY=false",)),
    Case("500 in a crowd", in_a_crowd(legacy_error(500)), "at once", "fail"),
    Case("409 in a crowd", in_a_crowd(legacy_error(409)), "at once", "warn"),
    Case(
        "emoji lost",
        with_value(lambda text: text and "".join(each if ord(each) < 0x10000 else "?" for each in text)),
        "values",
        "fail",
    ),
    Case("texts cut", with_value(lambda text: text and text[:100]), "values", "fail"),
    Case("null is an empty text", with_value(lambda text: "" if text is None else text), "values", "fail"),
    Case("long texts refused", refuses_long, "values", "warn"),
    Case("busy", under_load(legacy_error(429)), "load", "warn", ("GATEWAY_CORE_CONCURRENCY=1",), _LOAD),
    Case("slow", under_load(seconds=1.2), "load", "warn", ("GATEWAY_CORE_CONCURRENCY=1",), _LOAD),
    Case("keys kept for a minute", lambda *_: None, "declared", "warn", (), ("--keys-kept", "60")),
]
