"""The requests of the OpenAPI document as programs for people take them: variables, a token first, an example of each answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway import VERSION
from gateway.api.pages.openapi.document import document
from gateway.api.routes import RESOURCES
from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.auth.keycloak.token_principal import KEYCLOAK
from gateway.reason_phrases import REASON_PHRASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MAX_ITEMS = 1_000
_KEY = "Idempotency-Key"
_LINES = "application/x-ndjson"
# A collection sends one part, and the document's example has more.
_BODIES: Mapping[str, object] = {"startJob": {"parts": 1}}
_PATH_NAME = re.compile(r"\{(\w+)\}")


class Variable(NamedTuple):
    name: str
    value: str
    description: str
    is_secret: bool = False


_VARIABLES = (
    Variable("gateway", "https://gateway.example", "The address of the service, without a slash behind it."),
    Variable("keycloak", "https://keycloak.example", "The address of Keycloak, without a slash behind it."),
    Variable("realm", "partners", "The realm of Keycloak."),
    Variable("clientId", "partner", "The client that the operator gave you."),
    Variable("clientSecret", "", "Its secret.", is_secret=True),
    Variable("token", "", "Set by the request for a token.", is_secret=True),
    Variable("apiKey", "", "For integrations: the key that the operator gave you.", is_secret=True),
    Variable("idempotencyKey", "", "Set anew by each request that has one."),
    Variable("jobId", "", "Set where a job is made."),
)
TOKEN_URL = "{{keycloak}}/realms/{{realm}}/protocol/openid-connect/token"  # noqa: S105 -- an address
TOKEN_FORM = {
    "grant_type": "client_credentials",
    "client_id": "{{clientId}}",
    "client_secret": "{{clientSecret}}",
}


class Field(NamedTuple):
    """Of a query or a header. One that is not ``sent`` is there to be switched on."""

    name: str
    value: str
    description: str
    sent: bool = False


class Example(NamedTuple):
    """An answer. ``kind`` is its media type, empty where it has no ``body``."""

    name: str
    status: int
    description: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Request:
    """``keeps_job``: the id of its answer is the variable ``jobId``. ``credentials`` is the name of a variable."""

    id: str
    folder: str
    name: str
    description: str
    method: str
    path: str
    credentials: str
    query: Sequence[Field]
    headers: Sequence[Field]
    body: str
    examples: Sequence[Example]

    @property
    def has_key(self) -> bool:
        return any(header.name == _KEY for header in self.headers)

    @property
    def keeps_job(self) -> bool:
        return self.id == "createJob"


@dataclass(frozen=True, slots=True)
class Collection:
    """``folders`` are names with their meanings, in the order of ``requests``."""

    title: str
    version: str
    description: str
    variables: Sequence[Variable]
    folders: Mapping[str, str]
    requests: Sequence[Request]

    @classmethod
    def of_this_version(cls) -> Collection:
        made = [make(("en",), 1, _no_pause) for make in RESOURCES]
        return cls.of(
            document(
                version=VERSION,
                resources=made,
                methods=(KEYCLOAK, API_KEY),
                max_items=_MAX_ITEMS,
                public_url="{{gateway}}",
            )
        )

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Collection:
        """Of an OpenAPI document. An answer that several operations give is the example of the first."""
        seen: set[str] = set()
        requests = [
            _request(path, method, operation, _examples(document, operation, seen))
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ]
        meanings = {tag["name"]: tag["description"] for tag in document["tags"]}
        folders = {request.folder: meanings[request.folder] for request in requests}
        # What ends a job comes after all that is done with it.
        ordered = sorted(
            requests, key=lambda request: (list(folders).index(request.folder), request.method == "DELETE")
        )
        info = document["info"]
        # The rest of the text says how to get a token, which a collection does itself.
        about = info["description"].partition("\n###")[0].strip()
        return cls(info["title"], info["version"], about, _variables(document), folders, ordered)


def _no_pause() -> None: ...


def _variables(document: Mapping[str, Any]) -> list[Variable]:
    """Those of every collection, and one for each part of a path that is the caller's."""
    found = {variable.name: variable for variable in _VARIABLES}
    for operations in document["paths"].values():
        for parameter in (one for operation in operations.values() for one in operation["parameters"]):
            if parameter["in"] == "path":
                name, least = parameter["name"], parameter["schema"].get("minimum", "")
                found.setdefault(name, Variable(name, str(least), parameter["description"]))
    return list(found.values())


def _request(path: str, method: str, operation: Mapping[str, Any], examples: Sequence[Example]) -> Request:
    parameters = operation["parameters"]
    content = operation.get("requestBody", {}).get("content", {})
    kinds = [Field("Content-Type", kind, "", sent=True) for kind in list(content)[:1]]
    return Request(
        id=operation["operationId"],
        folder=operation["tags"][0],
        name=operation["summary"],
        description=operation["description"],
        method=method.upper(),
        path=_PATH_NAME.sub(r"{{\1}}", path),
        credentials="apiKey" if "apiKey" in operation["security"][0] else "token",
        query=[_field(one) for one in parameters if one["in"] == "query"],
        headers=[*kinds, *(_field(one) for one in parameters if one["in"] == "header")],
        body=_body(operation["operationId"], content),
        examples=examples,
    )


def _field(parameter: Mapping[str, Any]) -> Field:
    name, schema = parameter["name"], parameter["schema"]
    if name == _KEY:
        return Field(name, "{{idempotencyKey}}", parameter["description"], sent=True)
    examples = [*schema.get("examples", ()), *schema.get("enum", ())]
    if schema["type"] == "boolean":
        examples = ["true"]
    value = str((examples or [schema.get("default", "")])[0])
    return Field(name, value, parameter["description"])


def _body(operation_id: str, content: Mapping[str, Any]) -> str:
    if not content:
        return ""
    example = next(iter(content.values()))["example"]
    return _text(_BODIES.get(operation_id, example))


def _examples(document: Mapping[str, Any], operation: Mapping[str, Any], seen: set[str]) -> list[Example]:
    found: list[Example] = []
    for status, answer in operation["responses"].items():
        name = answer["$ref"].rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            found += _of_answer(int(status), document["components"]["responses"][name])
    return found


def _of_answer(status: int, answer: Mapping[str, Any]) -> Iterator[Example]:
    about, phrase = answer["description"], f"{status} {REASON_PHRASES[status]}"
    if "content" not in answer:
        yield Example(phrase, status, about, "", "")
    for kind, content in answer.get("content", {}).items():
        for name, example in content["examples"].items():
            yield Example(f"{phrase}: {name}", status, about, kind, _text(example["value"]))


def _text(value: object) -> str:
    """A stream's lines are text already."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
