"""Clients of our own: each sends a fixed number of batches, since those that a stopwatch cuts off would count in part."""

from __future__ import annotations

import http.client
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.items import BULK

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def send(
    urls: Sequence[str],
    token: str,
    batch: bytes,
    *,
    clients: int,
    turns: int,
    keyed: Collection[str] = (),
    streamed: Collection[str] = (),
) -> None:
    """``clients`` of each service, all at once, send the batch ``turns`` times. Raises RuntimeError for a refusal.

    What goes to a URL of ``keyed`` has a new idempotency key each time, and what to one of ``streamed`` asks for lines.
    """
    with ThreadPoolExecutor(clients * len(urls)) as pool:
        sending = [
            pool.submit(_send, url, token, batch, turns, has_key=url in keyed, is_streamed=url in streamed)
            for url in urls
            for _ in range(clients)
        ]
    for client in sending:
        client.result()


def _send(url: str, token: str, batch: bytes, times: int, *, has_key: bool, is_streamed: bool) -> None:
    """One client: the same batch over and over, on one connection."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    headers |= {"Accept": "application/x-ndjson"} if is_streamed else {}
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)) as connection:
        for _ in range(times):
            key = {"Idempotency-Key": str(uuid.uuid4())} if has_key else {}
            connection.request("PATCH", BULK, batch, headers | key)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a batch was answered with {answer.status}")
            if is_streamed and not body.rpartition(b"\n{")[2].startswith(b'"status":200'):
                raise RuntimeError("a stream did not end with 200")
