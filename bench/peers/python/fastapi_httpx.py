"""FastAPI + pydantic + httpx, as its users write it."""

import asyncio
import os
import uuid
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Literal

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

import legacy
import tokens


def number_as_text(value):
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def real_date(value):
    datetime.strptime(value, "%Y-%m-%d %H:%M:%S")
    return value


def unique(values):
    if len(set(values)) != len(values):
        raise ValueError("must not repeat")
    return values


ActionId = Annotated[
    str,
    BeforeValidator(number_as_text),
    StringConstraints(strict=True, max_length=20, pattern=r"^0*[1-9][0-9]*$"),
    AfterValidator(lambda value: value.lstrip("0")),
]
Kind = Literal["validation", "link", "form", "todo", "schedule"]
Status = Literal["active", "inactive", "draft", "approved", "pending", "done"]
Moment = Annotated[
    str, StringConstraints(strict=True, pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"), AfterValidator(real_date)
]
Short = Annotated[str, StringConstraints(strict=True, max_length=255)]
Long = Annotated[str, StringConstraints(strict=True, max_length=10_000)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AtLeastOne(Strict):
    @model_validator(mode="after")
    def not_empty(self):
        if not self.model_fields_set:
            raise ValueError("at least one language")
        return self


class Title(AtLeastOne):
    en: Short = None
    fr: Short = None


class Details(AtLeastOne):
    en: Long = None
    fr: Long = None


class Action(Strict):
    actionId: ActionId
    category_action: Kind = None
    type_action: Kind = None
    status: Status = None
    title: Title = None
    subtitle: Title | None = None
    details: Details = None
    partner_ids: Annotated[list[uuid.UUID], Field(min_length=1, max_length=1000), AfterValidator(unique)] = None
    effective_date: Moment | None = None
    due_date: Moment | None = None
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def something_to_update(self):
        if len(self.model_fields_set) < 2:
            raise ValueError("nothing to update")
        return self


class Batch(Strict):
    data: Annotated[list[Action], Field(min_length=1, max_length=10_000)]


@asynccontextmanager
async def lifespan(app):
    async with httpx.AsyncClient(base_url=os.environ["CORE_URL"], timeout=30) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


def authenticated(authorization: Annotated[str, Header()] = ""):
    if not tokens.is_valid(authorization):
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="bench"'})


@app.exception_handler(RequestValidationError)
async def report_validation(request: Request, exc: RequestValidationError):
    errors = []
    for error in exc.errors():
        where = error["loc"][2:]
        index = where[0] if where else None
        errors.append(legacy.field_error(index, None, ".".join(map(str, where[1:])), error["msg"]))
    return JSONResponse(legacy.validation_problem(errors), 400)


@app.patch("/openapi/api/v1/actions", dependencies=[Depends(authenticated)])
async def update(batch: Batch, request: Request):
    if errors := legacy.repeats((index, action.actionId) for index, action in enumerate(batch.data)):
        return JSONResponse(legacy.validation_problem(errors), 400)
    request_id, gate = uuid.uuid4().hex, asyncio.Semaphore(32)
    headers = legacy.call_headers(request_id)

    async def update_one(index, action):
        body = legacy.to_legacy(action.model_dump(mode="json", exclude_unset=True))
        key = {"Idempotency-Key": f"{request_id}-{action.actionId}"}
        async with gate:
            answer = await request.app.state.client.patch(
                f"/actions/{action.actionId}", json=body, headers=headers | key
            )
        if answer.status_code == 200:
            return True, legacy.from_legacy(answer.json()["data"])
        return False, legacy.item_error(index, action.actionId, answer.status_code, answer.json())

    results = await asyncio.gather(*(update_one(index, action) for index, action in enumerate(batch.data)))
    status, content = legacy.aggregate(results)
    return JSONResponse(content, status)


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="error")
