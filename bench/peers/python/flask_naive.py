"""Flask + Marshmallow + requests in a thread pool, as everyone writes it first. Run by gunicorn's gthread worker."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import requests
from flask import Flask, jsonify, request
from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from requests.adapters import HTTPAdapter

import legacy
import tokens

KINDS = validate.OneOf(["validation", "link", "form", "todo", "schedule"])
STATUSES = validate.OneOf(["active", "inactive", "draft", "approved", "pending", "done"])


class ActionId(fields.Field):
    def _deserialize(self, value, attr, data, **kwargs):
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 20 and text.strip("0")):
            raise ValidationError("Must be 1 to 20 digits.")
        return text.lstrip("0")


class Texts(fields.Dict):
    def __init__(self, longest, **kwargs):
        text = fields.String(validate=validate.Length(max=longest))
        super().__init__(keys=fields.String(validate=validate.OneOf(["en", "fr"])), values=text,
                         validate=validate.Length(min=1), **kwargs)  # fmt: skip


class Moment(fields.String):
    def _deserialize(self, value, attr, data, **kwargs):
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        except ValueError as exc:
            raise ValidationError("Must be YYYY-MM-DD HH:MM:SS.") from exc
        return text


def no_repeats(values):
    if len(set(values)) != len(values):
        raise ValidationError("Must not repeat.")


class Action(Schema):
    actionId = ActionId(required=True)
    category_action = fields.String(validate=KINDS)
    type_action = fields.String(validate=KINDS)
    status = fields.String(validate=STATUSES)
    title = Texts(255)
    subtitle = Texts(255, allow_none=True)
    details = Texts(10_000)
    partner_ids = fields.List(fields.UUID(), validate=[validate.Length(min=1, max=1000), no_repeats])
    effective_date = Moment(allow_none=True)
    due_date = Moment(allow_none=True)
    expires_at = Moment(allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def something_to_update(self, data, **kwargs):
        if len(data) < 2:
            raise ValidationError("Nothing to update.")


class Batch(Schema):
    data = fields.List(fields.Nested(Action), required=True, validate=validate.Length(min=1, max=10_000))


app = Flask(__name__)
session = requests.Session()
session.mount("http://", HTTPAdapter(pool_maxsize=256))


def flatten(errors, index=None, path=()):
    """Marshmallow's nested messages as field errors."""
    for key, value in errors.items():
        if isinstance(value, dict):
            at_item = index is None and isinstance(key, int)
            yield from flatten(value, key if at_item else index, path if at_item else (*path, str(key)))
        else:
            yield from (legacy.field_error(index, None, ".".join([*path, str(key)]), text) for text in value)


def update_one(index, item, request_id):
    headers = legacy.call_headers(request_id) | {"Idempotency-Key": f"{request_id}-{item['actionId']}"}
    item["partner_ids"] = [str(partner) for partner in item.get("partner_ids", ())]
    if not item["partner_ids"]:
        del item["partner_ids"]
    answer = session.patch(f"{os.environ['CORE_URL']}/actions/{item['actionId']}", json=legacy.to_legacy(item),
                           headers=headers, timeout=5)  # fmt: skip
    if answer.status_code == 200:
        return True, legacy.from_legacy(answer.json()["data"])
    return False, legacy.item_error(index, item["actionId"], answer.status_code, answer.json())


@app.patch("/openapi/api/v1/actions")
def update():
    if not tokens.is_valid(request.headers.get("Authorization", "")):
        return jsonify(legacy.problem(401, "unauthorized")), 401, {"WWW-Authenticate": 'Bearer realm="bench"'}
    try:
        items = Batch().load(request.get_json())["data"]
    except ValidationError as exc:
        return jsonify(legacy.validation_problem(list(flatten(exc.messages)))), 400
    if errors := legacy.repeats((index, item["actionId"]) for index, item in enumerate(items)):
        return jsonify(legacy.validation_problem(errors)), 400
    request_id = uuid.uuid4().hex
    with ThreadPoolExecutor(max_workers=32) as pool:
        results = list(pool.map(update_one, range(len(items)), items, [request_id] * len(items)))
    status, content = legacy.aggregate(results)
    return jsonify(content), status
