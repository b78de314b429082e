"""What these tests share: requests that the usual verbs would tidy up, and what every refusal must be."""

from __future__ import annotations

import io
import itertools

from tests.doubles.service import assert_problem

BULK = "/openapi/api/v1/actions"
INTEGRATION = "5f0c6f5e-58c1-4a3c-9a53-6b5cf9d3a111"
ACTION = "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222"
# Enough for a hundred listed errors; a refusal must not be the larger part of an attack.
MOST_ANSWER_BYTES = 200_000


def refused(service, response, status, slug):
    """A problem of this kind, of bounded size, and nothing sent to the core."""
    problem = assert_problem(response, status, slug)
    assert len(response.data) < MOST_ANSWER_BYTES
    assert service.core.calls == []
    return problem


def put(service, body, *, integration=INTEGRATION, action=ACTION, **headers):
    """The integration endpoint, with an API key."""
    sent = {"Authorization": "Bearer key_1", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return service.client.put(f"/integrations/v1/{integration}/actions/{action}", data=body, headers=sent)


def raw(service, body, **environ):
    """A batch with these WSGI variables as they are: what no well-behaved client would send."""
    usual = {"HTTP_AUTHORIZATION": "Bearer good", "CONTENT_TYPE": "application/json"}
    return service.client.patch(BULK, data=body, environ_overrides={**usual, **environ})


class Endless(io.RawIOBase):
    """A request body without a length: a head, then the same bytes for ever (it gives up after 64 MiB)."""

    def __init__(self, head, repeated):
        self.served = 0
        self._parts = itertools.chain([head], itertools.repeat(repeated, 64 * 2**20 // len(repeated)))

    def readable(self):
        return True

    def readinto(self, buffer):
        part = next(self._parts, b"")[: len(buffer)]
        buffer[: len(part)] = part
        self.served += len(part)
        return len(part)


def stream(service, body):
    """A gzip batch in chunked coding."""
    headers = {"Authorization": "Bearer good", "Content-Type": "application/json", "Content-Encoding": "gzip"}
    environ = {"wsgi.input": body, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    return service.client.patch(BULK, headers=headers, environ_overrides=environ)
