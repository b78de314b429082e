from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class ProblemType:
    """``advice`` says what a caller should do."""

    status: int
    title: str
    advice: str


PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "invalid-json": ProblemType(
        400,
        "Invalid JSON",
        "Send one JSON document in UTF-8: no duplicate names, no NaN or Infinity, no lone surrogates, at most 32 levels deep.",
    ),
    "validation-failed": ProblemType(
        400,
        "Validation failed",
        "Mend every entry of `errors` (each names its index, id and field) and send again. Nothing was sent to the core.",
    ),
    "core-rejected": ProblemType(
        400,
        "Rejected by the core",
        "No item was updated and the core refused at least one. Each entry of `errors` tells why; mend those and send again.",
    ),
    "bad-request": ProblemType(400, "Bad request", "The request itself is malformed; `detail` says where."),
    "unknown-parameter": ProblemType(
        400,
        "Unknown parameter",
        "A query parameter is not known or has a value that is not allowed. Misspelt parameters are refused so that a dry run never writes.",
    ),
    "invalid-token": ProblemType(
        401, "Authentication failed", "Get a new access token and send it as `Authorization: Bearer …`."
    ),
    "insufficient-scope": ProblemType(
        403, "Not allowed", "The credentials are valid but lack the role or scope named in `WWW-Authenticate`."
    ),
    "partner-blocked": ProblemType(
        403, "Blocked", "Your updates are stopped by the operator of this service, whose words are in `detail`."
    ),
    "dry-run-only": ProblemType(
        403,
        "Dry runs only",
        "Nothing was sent. You may look and rehearse, with `?dry_run=true`, until the operator lets you write.",
    ),
    "browser-origin": ProblemType(
        403,
        "Browser requests are refused",
        "Call this endpoint from a server: requests with a browser's origin are refused.",
    ),
    "integration-not-granted": ProblemType(
        403, "Integration not granted", "This API key may not touch this integration; ask for a key that may."
    ),
    "not-found": ProblemType(404, "Not found", "No item was updated: nothing was found under the ids given."),
    "batch-not-found": ProblemType(
        404,
        "No such batch",
        "Nothing is kept under this key of yours. A batch is kept once a call was made, for as long as `/limits` says.",
    ),
    "job-not-found": ProblemType(404, "No such job", "Check the id: it is none of your jobs, or it has expired."),
    "no-such-page": ProblemType(404, "No such resource", "Check the path; `/openapi.json` lists the endpoints."),
    "method-not-allowed": ProblemType(405, "Method not allowed", "Use one of the methods in the `Allow` header."),
    "not-acceptable": ProblemType(
        406, "Not acceptable", "Answers are `application/json`; errors `application/problem+json`."
    ),
    "request-timeout": ProblemType(408, "Request timed out", "The body did not arrive in time; send again."),
    "in-progress": ProblemType(
        409, "Still in progress", "The first request with this idempotency key still runs; repeat after `Retry-After`."
    ),
    "conflict": ProblemType(
        409, "Conflict", "The core refused the change because of the present state; `detail` says which."
    ),
    "job-state": ProblemType(
        409, "Not in this state", "Look at the job: what was asked can be done only in the states in `allowed`."
    ),
    "job-part-differs": ProblemType(
        409,
        "The part came before",
        "This part was taken with other bytes, and stays. Send the same bytes, or further items under the next number."
        " To change what was taken, begin another job.",
    ),
    "job-parts-missing": ProblemType(
        409,
        "Parts are missing",
        "Send what is `missing` and mend what is `refused`; name more `parts` where some are `surplus`. Then start again.",
    ),
    "job-nothing-to-retry": ProblemType(
        409, "Nothing to retry", "Every item was applied, or sending it again cannot help."
    ),
    "batch-too-large": ProblemType(413, "Too many items", "Send at most `max_items` items in one batch."),
    "body-too-large": ProblemType(
        413,
        "Body too large",
        "Send at most `max_bytes` bytes, counted after inflation, and at most `max_values` JSON values.",
    ),
    "job-too-large": ProblemType(
        413,
        "Job too large",
        "Send at most `max_job_items` items in at most `max_parts` parts; begin another job for more.",
    ),
    "uri-too-long": ProblemType(414, "URI too long", "Send a request line of at most 4,094 bytes."),
    "unsupported-media-type": ProblemType(
        415, "Unsupported media type", "Send `Content-Type: application/json`, plain or with `Content-Encoding: gzip`."
    ),
    "expectation-failed": ProblemType(417, "Expectation failed", "Expect nothing, or `100-continue`."),
    "idempotency-key-reused": ProblemType(
        422, "Idempotency key reused", "This key was used with another request. Use a new key for a new request."
    ),
    "quota-exceeded": ProblemType(
        429,
        "Quota exceeded",
        "Nothing of this request was run. Wait for `Retry-After`, or send fewer items where there is none; `RateLimit` shows what is left.",
    ),
    "too-many-jobs": ProblemType(
        429, "Too many jobs", "Wait until one has ended, or cancel one; `bound` says which bound of `most` is reached."
    ),
    "headers-too-large": ProblemType(
        431,
        "Header fields too large",
        "Send at most 64 header fields, of 8,190 bytes each and 65,536 bytes in all.",
    ),
    "internal-error": ProblemType(
        500,
        "Internal error",
        "A fault of the gateway; operators were told. Read `outcome` of each item, if there are any.",
    ),
    "not-implemented": ProblemType(
        501,
        "Not implemented",
        "Nothing was run. Send the body with `Content-Length`, or with `chunked` alone as its transfer coding.",
    ),
    "core-failed": ProblemType(
        502,
        "The core failed",
        "It is unknown what became of at least one item. Read `outcome` of each, and send again with the same idempotency key while any is `retryable`.",
    ),
    "core-misconfigured": ProblemType(
        502,
        "The core is misconfigured",
        "The core and the gateway are not set up for each other. Waiting does not help; operators were told.",
    ),
    "temporarily-unavailable": ProblemType(
        503, "Temporarily unavailable", "Nothing was applied. Send again, unchanged, after `Retry-After`."
    ),
    "jobs-unavailable": ProblemType(
        503, "No jobs now", "Nothing of this request was kept. Send again after `Retry-After`, or send batches."
    ),
    "core-timed-out": ProblemType(
        504,
        "The core did not answer in time",
        "It is unknown what became of at least one item. Read `outcome` of each, and send again with the same idempotency key while any is `retryable`.",
    ),
}
"""The closed list of problem types, by the last part of their ``type`` URI."""


def types_base(public_url: str, scheme: str, host: str) -> str:
    """What types begin with: ``public_url``, or the address that the caller used.

    Empty where neither is known; types are then relative (RFC 9457 section 3.1.1).
    """
    if public_url:
        return public_url
    return f"{scheme}://{host}" if _HOST.fullmatch(host) else ""


class Problem(Exception):
    """A refusal, or a failure without any success, as problem details (RFC 9457, ``contract.md`` 1.3)."""

    def __init__(
        self,
        slug: str,
        detail: str = "",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(slug)
        self.slug = slug
        self.kind = PROBLEM_TYPES[slug]
        self.status = status or self.kind.status
        self.detail = detail or self.kind.advice
        self.headers = dict(headers or {})
        self.members = members

    def body(self, base_url: str, request_id: str) -> dict[str, object]:
        """``members`` come last."""
        return {
            "type": f"{base_url}/problems/{self.slug}",
            "title": self.kind.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:request:{request_id}",
            **self.members,
        }
