"""Starlette + aiohttp + msgspec: what asynchronous Python does when it is written for speed."""

import asyncio
import os
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


FIELDS = {field.name: field.type for field in msgspec.structs.fields(Action)}
decoder, encoder = msgspec.json.Decoder(Batch), msgspec.json.Encoder()


def beyond_types(name, value):
    """The rules that a type cannot say. Raises ValueError."""
    if name in legacy.TIMES and value is not None:
        datetime.fromisoformat(value)
    elif name in legacy.TEXTS and value is not None and value.en is UNSET and value.fr is UNSET:
        raise ValueError("at least one language")
    elif name == "partner_ids" and len(set(value)) != len(value):
        raise ValueError("must not repeat")


def validate(raw):
    """The items of a batch and all errors; the common case decodes once, straight into types."""
    try:
        actions = decoder.decode(raw).data
    except msgspec.ValidationError:
        return None, report(msgspec.json.decode(raw))
    items, errors = [], []
    for index, action in enumerate(actions):
        action.actionId = str(action.actionId).lstrip("0")
        item = {name: value for name in FIELDS if (value := getattr(action, name)) is not UNSET}
        errors += check_item(index, item, convert=False)
        items.append(item)
    return items, errors + legacy.repeats((index, item["actionId"]) for index, item in enumerate(items))


def report(batch):
    """All errors of a batch that is not of the type."""
    if not isinstance(batch, dict) or set(batch) != {"data"} or not isinstance(batch["data"], list) or not batch["data"]:
        return [legacy.field_error(None, None, "data", "Expected an array of actions and nothing else.")]
    return [error for index, item in enumerate(batch["data"]) for error in check_item(index, item, convert=True)]


def check_item(index, item, *, convert):
    if not isinstance(item, dict):
        return [legacy.field_error(index, None, "", "Expected an object.")]
    errors, action_id = [], item.get("actionId")
    if action_id is None:
        errors.append(legacy.field_error(index, None, "actionId", "Missing."))
    elif len(item) < 2:
        errors.append(legacy.field_error(index, action_id, "", "Nothing to update."))
    for name, value in item.items():
        try:
            beyond_types(name, msgspec.convert(value, FIELDS[name]) if convert else value)
        except KeyError:
            errors.append(legacy.field_error(index, action_id, name, "Unknown field."))
        except (msgspec.ValidationError, ValueError) as exc:
            errors.append(legacy.field_error(index, action_id, name, str(exc)))
    return errors


def plain(item):
    """Structs as the dicts of text that the translation takes."""
    for name in legacy.TEXTS:
        if item.get(name) is not None:
            item[name] = {k: v for k, v in (("en", item[name].en), ("fr", item[name].fr)) if v is not UNSET}
    if "partner_ids" in item:
        item["partner_ids"] = [str(partner) for partner in item["partner_ids"]]
    return item


async def send_all(session, items):
    request_id, results = uuid.uuid4().hex, [None] * len(items)
    headers, turns = legacy.call_headers(request_id), iter(enumerate(items))

    async def work():
        for index, item in turns:
            action_id = item["actionId"]
            body = encoder.encode(legacy.to_legacy(plain(item)))
            call_headers = {**headers, "Idempotency-Key": f"{request_id}-{action_id}"}
            async with session.patch(f"/actions/{action_id}", data=body, headers=call_headers) as answer:
                content = msgspec.json.decode(await answer.read())
            if answer.status == 200:
                results[index] = True, legacy.from_legacy(content["data"])
            else:
                results[index] = False, legacy.item_error(index, action_id, answer.status, content)

    await asyncio.gather(*(work() for _ in range(min(32, len(items)))))
    return results


def answer(status, content, headers=None):
    return Response(encoder.encode(content), status, headers, media_type="application/json")


async def update(request):
    if not tokens.is_valid(request.headers.get("authorization", "")):
        return answer(401, legacy.problem(401, "unauthorized"), {"WWW-Authenticate": 'Bearer realm="bench"'})
    items, errors = validate(await request.body())
    if errors:
        return answer(400, legacy.validation_problem(errors))
    return answer(*legacy.aggregate(await send_all(request.app.state.session, items)))


@asynccontextmanager
async def lifespan(app):
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(os.environ["CORE_URL"], connector=connector) as session:
        app.state.session = session
        yield


app = Starlette(routes=[Route("/openapi/api/v1/actions", update, methods=["PATCH"])], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="error")
