"""A collection of Postman, in the format 2.1.0 (schema.getpostman.com), which Insomnia and others read too."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from gateway.reason_phrases import REASON_PHRASES
from gateway.reference.collection import TOKEN_FORM, TOKEN_URL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.reference.collection import Collection, Example, Request

FILE = "postman_collection.json"
_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_KEEP_TOKEN = 'pm.collectionVariables.set("token", pm.response.json().access_token);'  # noqa: S105 -- a script
_KEEP_JOB = 'if (pm.response.code === 201) pm.collectionVariables.set("jobId", pm.response.json().id);'
_NEW_KEY = 'pm.collectionVariables.set("idempotencyKey", pm.variables.replaceIn("{{$guid}}"));'
_HIDDEN = " Set its current value, which is not shared, and leave the initial one empty."


def files(collection: Collection) -> dict[str, str]:
    return {FILE: json.dumps(_collection(collection), indent=1, ensure_ascii=False) + "\n"}


def _collection(collection: Collection) -> dict[str, Any]:
    folders = [
        {
            "name": name,
            "description": meaning,
            "item": [_item(request) for request in collection.requests if request.folder == name],
        }
        for name, meaning in collection.folders.items()
    ]
    return {
        "info": {
            # The same at every making, so that an import replaces the one before.
            "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, collection.title)),
            "name": collection.title,
            "description": collection.description,
            "version": collection.version,
            "schema": _SCHEMA,
        },
        "auth": _bearer("token"),
        "variable": [_variable(*one) for one in collection.variables],
        "item": [_token(), *folders],
    }


def _variable(name: str, value: str, description: str, is_secret: bool) -> dict[str, str]:
    return {"key": name, "value": value, "type": "string", "description": description + (_HIDDEN if is_secret else "")}


def _bearer(variable: str) -> dict[str, Any]:
    token = {"key": "token", "value": f"{{{{{variable}}}}}", "type": "string"}
    return {"type": "bearer", "bearer": [token]}


def _token() -> dict[str, Any]:
    form = [{"key": name, "value": value, "type": "text"} for name, value in TOKEN_FORM.items()]
    return {
        "name": "Get a token",
        "event": [_event("test", _KEEP_TOKEN)],
        "request": {
            "auth": {"type": "noauth"},
            "method": "POST",
            "header": [],
            "body": {"mode": "urlencoded", "urlencoded": form},
            "url": _url(TOKEN_URL, []),
        },
        "response": [],
    }


def _item(request: Request) -> dict[str, Any]:
    events = [_event("prerequest", _NEW_KEY)] if request.has_key else []
    events += [_event("test", _KEEP_JOB)] if request.keeps_job else []
    asked = _request(request)
    return {
        "name": request.name,
        **({"event": events} if events else {}),
        "request": asked,
        "response": [_response(example, asked) for example in request.examples],
    }


def _event(when: str, script: str) -> dict[str, Any]:
    return {"listen": when, "script": {"type": "text/javascript", "exec": [script]}}


def _request(request: Request) -> dict[str, Any]:
    body = {"mode": "raw", "raw": request.body, "options": {"raw": {"language": "json"}}}
    return {
        **({"auth": _bearer(request.credentials)} if request.credentials != "token" else {}),
        "method": request.method,
        "header": [_field(*header) for header in request.headers],
        **({"body": body} if request.body else {}),
        "url": _url("{{gateway}}" + request.path, [_field(*one) for one in request.query]),
        "description": request.description,
    }


def _field(name: str, value: str, description: str, sent: bool) -> dict[str, Any]:
    about = {"description": description} if description else {}
    return {"key": name, "value": value, **about, **({} if sent else {"disabled": True})}


def _url(raw: str, query: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    host, *path = raw.split("/")
    return {"raw": raw, "host": [host], "path": path, **({"query": list(query)} if query else {})}


def _response(example: Example, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": example.name,
        "originalRequest": {name: asked[name] for name in ("method", "header", "url")},
        "status": REASON_PHRASES[example.status],
        "code": example.status,
        "_postman_previewlanguage": "json" if example.kind.endswith("json") else "text",
        "header": [{"key": "Content-Type", "value": example.kind}] if example.kind else [],
        "cookie": [],
        "body": example.body,
    }
