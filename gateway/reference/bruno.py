"""A collection of Bruno: a folder of text files in its language (docs.usebruno.com)."""

from __future__ import annotations

import json
from textwrap import indent
from typing import TYPE_CHECKING

from gateway.reason_phrases import REASON_PHRASES
from gateway.reference.collection import TOKEN_FORM, TOKEN_URL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.reference.collection import Collection, Example, Field, Request, Variable

FOLDER = "bruno"
_KEEP_TOKEN = 'bru.setVar("token", res.body.access_token);'  # noqa: S105 -- a script
_KEEP_JOB = 'if (res.status === 201) bru.setVar("jobId", res.body.id);'
_NEW_KEY = 'bru.setVar("idempotencyKey", bru.interpolate("{{$guid}}"));'
# What requests set is a variable of the run, which one of the environment would hide.
_SET_BY_REQUESTS = frozenset({"token", "idempotencyKey", "jobId"})


def files(collection: Collection) -> dict[str, str]:
    """Path → text."""
    about = {"version": "1", "name": collection.title, "type": "collection", "ignore": []}
    found = {
        "bruno.json": json.dumps(about, indent=2) + "\n",
        "collection.bru": _blocks(
            _block("meta", ["type: collection"]),
            _block("auth", ["mode: bearer"]),
            _block("auth:bearer", ["token: {{token}}"]),
            _block("docs", collection.description.splitlines()),
        ),
        "environments/service.bru": _environment(collection.variables),
        # Bruno runs what is in no folder last.
        "Access/folder.bru": _folder(1, "Access", "What the other requests are sent with."),
        "Access/Get a token.bru": _token(),
    }
    for place, (name, meaning) in enumerate(collection.folders.items(), 2):
        found[f"{name}/folder.bru"] = _folder(place, name, meaning)
        requests = [request for request in collection.requests if request.folder == name]
        found |= {f"{name}/{one.name}.bru": _request(number, one) for number, one in enumerate(requests, 1)}
    return {f"{FOLDER}/{path}": text for path, text in found.items()}


def _folder(place: int, name: str, meaning: str) -> str:
    return _blocks(
        _block("meta", [f"name: {name}", f"seq: {place}"]), _block("auth", ["mode: inherit"]), _block("docs", [meaning])
    )


def _environment(variables: Iterable[Variable]) -> str:
    kept = [variable for variable in variables if variable.name not in _SET_BY_REQUESTS]
    shown = [f"{one.name}: {one.value}".rstrip() for one in kept if not one.is_secret]
    secrets = ",\n".join(f"  {one.name}" for one in kept if one.is_secret)
    return _blocks(_block("vars", shown), f"vars:secret [\n{secrets}\n]")


def _token() -> str:
    return _blocks(
        _block("meta", ["name: Get a token", "type: http", "seq: 1"]),
        _block("post", [f"url: {TOKEN_URL}", "body: formUrlEncoded", "auth: none"]),
        _block("body:form-urlencoded", [f"{name}: {value}" for name, value in TOKEN_FORM.items()]),
        _block("script:post-response", [_KEEP_TOKEN]),
    )


def _request(number: int, request: Request) -> str:
    return _blocks(*_parts(number, request), *(_example(request, example) for example in request.examples))


def _parts(number: int, request: Request) -> Iterator[str]:
    own = request.credentials != "token"
    yield _block("meta", [f"name: {request.name}", "type: http", f"seq: {number}"])
    sent = [f"url: {_url(request)}", f"body: {_mode(request)}", f"auth: {'bearer' if own else 'inherit'}"]
    yield _block(request.method.lower(), sent)
    if request.query:
        yield _block("params:query", map(_field, request.query))
    if request.headers:
        yield _block("headers", map(_field, request.headers))
    if own:
        yield _block("auth:bearer", [f"token: {{{{{request.credentials}}}}}"])
    if request.body:
        yield _block("body:json", request.body.splitlines())
    if request.has_key:
        yield _block("script:pre-request", [_NEW_KEY])
    if request.keeps_job:
        yield _block("script:post-response", [_KEEP_JOB])
    yield _block("docs", _docs(request))


def _url(request: Request) -> str:
    return "{{gateway}}" + request.path


def _mode(request: Request) -> str:
    return "json" if request.body else "none"


def _field(field: Field) -> str:
    return f"{'' if field.sent else '~'}{field.name}: {field.value}".rstrip()


def _docs(request: Request) -> Sequence[str]:
    """The language has no place for what a field means."""
    fields = [field for field in (*request.query, *request.headers) if field.description]
    told = [f"- `{field.name}`: {field.description}" for field in fields]
    return [*request.description.splitlines(), *([""] if told else []), *told]


def _example(request: Request, example: Example) -> str:
    asked = _inner("request", [f"url: {_url(request)}", f"method: {request.method}", f"mode: {_mode(request)}"])
    return _block(
        "example", [f"name: {example.name}", f"description: {example.description}", "", *asked, "", *_answer(example)]
    )


def _answer(example: Example) -> list[str]:
    kind = [*_inner("headers", [f"Content-Type: {example.kind}"]), ""] if example.kind else []
    status = _inner("status", [f"code: {example.status}", f"text: {REASON_PHRASES[example.status]}"])
    text = ["content: '''", *(f"  {line}" for line in example.body.splitlines()), "'''"]
    language = "json" if example.kind.endswith("json") and "ndjson" not in example.kind else "text"
    body = ["", *_inner("body", [f"type: {language}", *text])] if example.body else []
    return _inner("response", [*kind, *status, *body])


def _inner(name: str, lines: Iterable[str]) -> list[str]:
    return [f"{name}: {{", *(f"  {line}".rstrip() for line in lines), "}"]


def _block(name: str, lines: Iterable[str]) -> str:
    return f"{name} {{\n{indent(chr(10).join(lines), '  ')}\n}}"


def _blocks(*blocks: str) -> str:
    return "\n\n".join(blocks) + "\n"
