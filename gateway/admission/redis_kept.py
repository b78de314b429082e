from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.sentinel import MasterNotFoundError

# The library leaves most of it untyped.
_Connection = Any

if TYPE_CHECKING:
    from redis.commands.core import Script

# Before Redis 7, a script's error has its code in the middle of the text.
_STALE = ("READONLY", "MASTERDOWN", "MOVED", "CLUSTERDOWN")


class KeepingRedis(Redis):
    """Scripts run on connections that stay with the client. All other commands go the library's way.

    A script whose connection fails is sent once more, on a new connection. So it may run twice.
    """

    # For each command the library locks its pool, measures, counts, and looks whether the connection was closed: 2,600
    # steps of the interpreter, where these are 970. A connection that was closed is found when it is used.
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at_rest: deque[_Connection] = deque()
        self._texts: dict[str, str | bytes | memoryview] = {}
        # The pool counts them as in use. The other half is for all other commands.
        self._most_at_rest = self.connection_pool.max_connections // 2

    def register_script(self, script: str | bytes | memoryview) -> Script:
        registered = super().register_script(script)
        self._texts[registered.sha] = script
        return registered

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Raises RedisError and ValueError, as the library does."""
        if args[0] != "EVALSHA":
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        connection = self._taken()
        try:
            return self._run_twice(connection, args)
        except ResponseError:
            raise  # It is an answer.
        except BaseException:
            # A signal breaks off anywhere. What came late would be taken for the answer to the next question.
            connection.disconnect()
            raise
        finally:
            self._put_back(connection)

    def _run_twice(self, connection: _Connection, command: tuple[Any, ...]) -> Any:
        try:
            return self._run(connection, command)
        except RedisError as exc:
            if not is_of_the_connection(exc):
                raise
            connection.disconnect()
            return self._run(connection, command)

    def _run(self, connection: _Connection, command: tuple[Any, ...]) -> Any:
        try:
            return _answer(connection, command)
        except NoScriptError:
            # Said by the server that this connection leads to, which may be the only new one after a failover. The library
            # would load the script on any other.
            if command[1] not in self._texts:
                raise
            # No EVAL, which a user need not be allowed: the library uses none.
            _answer(connection, ("SCRIPT LOAD", self._texts[command[1]]))
            return _answer(connection, command)

    def _put_back(self, connection: _Connection) -> None:
        if len(self._at_rest) < self._most_at_rest and connection.is_connected and not connection.should_reconnect():
            self._at_rest.append(connection)
        else:
            # One that is closed is connected when the pool gives it out again.
            self.connection_pool.release(connection)

    def _taken(self) -> _Connection:
        while self._at_rest:
            try:
                connection = self._at_rest.pop()
            except IndexError:
                break  # Another thread took it.
            # The connections of the process that forked this one are that one's. And those to the master of before are not
            # owned, once its Sentinels have named another: it may go on as a second master.
            if connection.pid == os.getpid() and self.connection_pool.owns_connection(connection):
                return connection
            self.connection_pool.release(connection)
        # To the pool it stays in use, so that the pool closes it at the end.
        return self.connection_pool.get_connection()


def closed_when_broken_off(kind: type[Any]) -> type[Any]:
    """It is closed by whatever breaks off its handshake, as that of the library is by a RedisError."""

    # The pool gives it out again. Kept connections would tell each answer to the next question from then on.
    class ClosedWhenBrokenOff(kind):  # type: ignore[misc]  # which class it is is known at the start
        def connect_check_health(self, *arguments: Any, **named: Any) -> None:
            try:
                super().connect_check_health(*arguments, **named)
            except BaseException:
                self.disconnect()
                raise

    return ClosedWhenBrokenOff


def is_of_the_connection(error: Exception) -> bool:
    """Whether it is lost, refused, or no longer the master's, so that a new one may help."""
    # LOADING and NOAUTH are among the library's connection errors. All Sentinels were asked by then, each for a timeout.
    if isinstance(error, RedisConnectionError):
        return not isinstance(error, MasterNotFoundError)
    code, text = getattr(error, "status_code", None), str(error)
    return code in _STALE or any(f"-{stale} " in text for stale in _STALE)


def _answer(connection: _Connection, command: tuple[Any, ...]) -> Any:
    connection.send_packed_command(connection.pack_command(*command))
    return connection.read_response()
