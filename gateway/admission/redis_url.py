from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.connection import Connection, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)
_FOLLOWED = ("host", "port", "path", "db")


class PresentUrl:
    """``now`` gives the URL, whose file may be replaced. A bad one keeps the last in force, and is logged once."""

    def __init__(self, now: Callable[[], str]) -> None:
        self._now = now
        self.text = self._seen = now()

    def parts(self) -> dict[str, Any]:
        """What a connection goes by, as redis-py names it."""
        text = self._now()
        if text != self._seen:
            self._seen = text
            self._follow(text)
        given = _parsed(self.text)
        credentials = {name: given.get(name) for name in ("username", "password")}
        return credentials | {name: given[name] for name in _FOLLOWED if name in given}

    def _follow(self, text: str) -> None:
        try:
            if _scheme(text) != _scheme(self.text):
                raise ValueError("another scheme needs a restart")
            _parsed(text)
        except ValueError as exc:
            # The library's texts repeat nothing of the URL but the name of an option.
            _log.warning("redis_url_unusable", extra={"reason": str(exc)})
        else:
            self.text = text


def following(url: PresentUrl) -> type[Connection]:
    """They go by the URL as it is when they connect, and connect again."""
    kind: type[Any] = _parsed(url.text).get("connection_class", Connection)

    class Following(kind):  # type: ignore[misc]  # which class it is is known at the start
        def _connect(self) -> Any:
            for name, value in url.parts().items():
                setattr(self, name, value)
            return super()._connect()

    return Following


def _parsed(url: str) -> dict[str, Any]:
    parts: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return parts


def _scheme(url: str) -> str:
    return url.partition("://")[0]
