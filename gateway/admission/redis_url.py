from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.connection import Connection, PythonRespSerializer, parse_url

from gateway.admission.redis_kept import closed_when_broken_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis._parsers import Encoder

_log = logging.getLogger(__name__)
# Two addresses at once would be two stores: what is final in one would be sent again by the other.
_FOLLOWED = ("username", "password")


class PresentUrl:
    """``now`` gives the URL, whose file may be replaced. A bad one keeps the last in force, and is logged once."""

    def __init__(self, now: Callable[[], str]) -> None:
        self._now = now
        self.text = self._seen = now()

    def parts(self) -> dict[str, Any]:
        """User and password, as redis-py names them."""
        text = self._now()
        if text != self._seen:
            self._seen = text
            self._follow(text)
        given = _parsed(self.text)
        return {name: given.get(name) for name in _FOLLOWED}

    def _follow(self, text: str) -> None:
        try:
            if _kept(text) != _kept(self.text):
                raise ValueError("all but another user and password needs a restart")
        except ValueError as exc:
            # The library's texts repeat nothing of the URL but the name of an option.
            _log.warning("redis_url_unusable", extra={"reason": str(exc)})
        else:
            self.text = text


def following(url: PresentUrl) -> type[Connection]:
    """They show the user and password that the URL has when they connect, and connect again."""
    kind: type[Any] = _parsed(url.text).get("connection_class", Connection)

    class Following(closed_when_broken_off(kind)):  # type: ignore[misc]  # which class it is is known at the start
        def _connect(self) -> Any:
            for name, value in url.parts().items():
                setattr(self, name, value)
            return super()._connect()

        def _construct_command_packer(self, packer: Any) -> Any:
            made = super()._construct_command_packer(packer)
            return WholeCommands(self.encoder) if isinstance(made, PythonRespSerializer) else made

    return Following


_part = b"$%d\r\n%b\r\n".__mod__


class WholeCommands:
    """Packs a command as redis-py does (RESP), but into one piece, so that it is sent by one call of the kernel."""

    def __init__(self, encoder: Encoder) -> None:
        self._encode: Callable[[object], bytes] = encoder.encode
        self._encoding, self._errors = encoder.encoding, encoder.encoding_errors

    def pack(self, name: str | bytes, *arguments: object) -> list[bytes]:
        """``name`` may have several words."""
        words = name.encode() if isinstance(name, str) else name
        parts = [*words.split(), *map(self._encoded, arguments)]
        return [b"".join((b"*%d\r\n" % len(parts), *map(_part, zip(map(len, parts), parts, strict=True))))]

    def _encoded(self, argument: object) -> bytes:
        # Most are of these. The library takes 40 steps of the interpreter for each.
        if type(argument) is str:
            return argument.encode(self._encoding, self._errors)
        if type(argument) is int:
            return b"%d" % argument
        return argument if type(argument) is bytes else self._encode(argument)


def _parsed(url: str) -> dict[str, Any]:
    parts: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return parts


def _kept(url: str) -> tuple[str, dict[str, Any]]:
    """Scheme, address, database and options."""
    parts = {name: value for name, value in _parsed(url).items() if name not in _FOLLOWED}
    return url.partition("://")[0], parts
