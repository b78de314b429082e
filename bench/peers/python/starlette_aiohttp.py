"""Starlette + aiohttp + msgspec: what asynchronous Python does when it is written for speed."""

import asyncio
import os
import re
import uuid
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Literal

import aiohttp
import msgspec
import uvicorn
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

import legacy
import tokens

ActionId = Annotated[str, Meta(max_length=20, pattern=r"^0*[1-9][0-9]*$")] | Annotated[int, Meta(gt=0)]
Kind = Literal["validation", "link", "form", "todo", "schedule"]
Status = Literal["active", "inactive", "draft", "approved", "pending", "done"]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
Short = Annotated[str, Meta(max_length=255)]
Long = Annotated[str, Meta(max_length=10_000)]


class Title(Struct, forbid_unknown_fields=True, omit_defaults=True):
    en: Short | UnsetType = UNSET
    fr: Short | UnsetType = UNSET


class Details(Struct, forbid_unknown_fields=True, omit_defaults=True):
    en: Long | UnsetType = UNSET
    fr: Long | UnsetType = UNSET


class Action(Struct, forbid_unknown_fields=True):
    actionId: ActionId
    category_action: Kind | UnsetType = UNSET
    type_action: Kind | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    subtitle: Title | None | UnsetType = UNSET
    details: Details | UnsetType = UNSET
    partner_ids: Annotated[list[uuid.UUID], Meta(min_length=1, max_length=1000)] | UnsetType = UNSET
    effective_date: Moment | None | UnsetType = UNSET
    due_date: Moment | None | UnsetType = UNSET
    expires_at: Moment | None | UnsetType = UNSET


class Batch(Struct, forbid_unknown_fields=True):
    data: Annotated[list[Action], Meta(min_length=1, max_length=10_000)]


decoder, encoder = msgspec.json.Decoder(Batch), msgspec.json.Encoder()


def validate(raw):
    """The actions of a batch and all errors; the common case decodes once, straight into types."""
    try:
        actions = decoder.decode(raw).data
    except msgspec.ValidationError:
        return None, report(msgspec.json.decode(raw))
    errors = [error for index, action in enumerate(actions) for error in beyond_types(index, action)]
    return actions, errors + legacy.repeats((index, action.actionId) for index, action in enumerate(actions))


def beyond_types(index, action):
    """The rules that types cannot say; normalises the id."""
    action.actionId = action_id = str(action.actionId).lstrip("0")
    empty = True
    for name in OPTIONAL:
        value = getattr(action, name)
        if value is not UNSET:
            empty = False
            if value is not None and (detail := RULES[name](value)):
                yield legacy.field_error(index, action_id, name, detail)
    if empty:
        yield legacy.field_error(index, action_id, "", "Nothing to update.")


def accept(value):
    return None


def moment(value):
    try:
        datetime.fromisoformat(value)
    except ValueError as exc:
        return str(exc)


def texts(value):
    return "At least one language." if value.en is UNSET and value.fr is UNSET else None


def unique(value):
    return "Must not repeat." if len(set(value)) != len(value) else None


OPTIONAL = [name for name in Action.__struct_fields__ if name != "actionId"]
RULES = dict.fromkeys(OPTIONAL, accept) | dict.fromkeys(legacy.TIMES, moment) | dict.fromkeys(legacy.TEXTS, texts)
RULES["partner_ids"] = unique


def report(batch):
    """All errors of a batch that is not of the type."""
    if not isinstance(batch, dict) or set(batch) != {"data"} or not isinstance(batch["data"], list) or not batch["data"]:
        return [legacy.field_error(None, None, "data", "Expected an array of actions and nothing else.")]
    return [error for index, item in enumerate(batch["data"]) for error in report_item(index, item)]


def report_item(index, item):
    """msgspec names one error at a time: note it, take the field out and look again."""
    errors, was_empty = [], isinstance(item, dict) and len(item) == 1
    while True:
        try:
            action = msgspec.convert(item, Action)
        except msgspec.ValidationError as exc:
            where, unknown = PATH.search(str(exc)).groups() if isinstance(item, dict) else ("", None)
            errors.append(legacy.field_error(index, None, where or unknown, str(exc)))
            if not (where or unknown):
                return errors
            item = {name: value for name, value in item.items() if name != (where or unknown)}
            item.setdefault("actionId", "1")
        else:
            rest = beyond_types(index, action)
            return errors + [error for error in rest if error["field"] or was_empty]


# "… - at `$.status`", "Object contains unknown field `colour`", "Object missing required field `actionId`"
PATH = re.compile(r"^(?=.*at `\$\.(\w+)|)(?=.*field `(\w+)`|)")


def plain(action):
    """An action as the dict of text that the translation takes."""
    item = {name: value for name in OPTIONAL if (value := getattr(action, name)) is not UNSET}
    for name in legacy.TEXTS:
        if item.get(name) is not None:
            item[name] = {k: v for k, v in (("en", item[name].en), ("fr", item[name].fr)) if v is not UNSET}
    if "partner_ids" in item:
        item["partner_ids"] = [str(partner) for partner in item["partner_ids"]]
    return item


async def send_all(session, actions):
    request_id, results = uuid.uuid4().hex, [None] * len(actions)
    headers, turns = legacy.call_headers(request_id), iter(enumerate(actions))

    async def work():
        for index, action in turns:
            action_id = action.actionId
            body = encoder.encode(legacy.to_legacy(plain(action)))
            call_headers = {**headers, "Idempotency-Key": f"{request_id}-{action_id}"}
            async with session.patch(f"/actions/{action_id}", data=body, headers=call_headers) as answer:
                content = msgspec.json.decode(await answer.read())
            if answer.status == 200:
                results[index] = True, legacy.from_legacy(content["data"])
            else:
                results[index] = False, legacy.item_error(index, action_id, answer.status, content)

    await asyncio.gather(*(work() for _ in range(min(32, len(actions)))))
    return results


def answer(status, content, headers=None):
    return Response(encoder.encode(content), status, headers, media_type="application/json")


async def update(request):
    if not tokens.is_valid(request.headers.get("authorization", "")):
        return answer(401, legacy.problem(401, "unauthorized"), {"WWW-Authenticate": 'Bearer realm="bench"'})
    actions, errors = validate(await request.body())
    if errors:
        return answer(400, legacy.validation_problem(errors))
    return answer(*legacy.aggregate(await send_all(request.app.state.session, actions)))


@asynccontextmanager
async def lifespan(app):
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(os.environ["CORE_URL"], connector=connector) as session:
        app.state.session = session
        yield


app = Starlette(routes=[Route("/openapi/api/v1/actions", update, methods=["PATCH"])], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="error")
