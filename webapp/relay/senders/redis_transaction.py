"""A transaction of Redis with watched keys, on a connection of its own.

Not a pipeline of redis-py: with thousands of commands that takes longer than packing them and Redis's own work together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import redis
from hiredis import pack_command

_MULTI, _EXEC = pack_command(("MULTI",)), pack_command(("EXEC",))


class Changed(Exception):
    """A watched key was changed; nothing was written."""


class AnswerLost(Exception):
    """The connection failed while the transaction was sent, or before its answer. `error` is that of redis-py."""

    def __init__(self, error: redis.RedisError) -> None:
        super().__init__(str(error))
        self.error = error


class WatchedTransaction:
    """`with WatchedTransaction(client, keys) as transaction:` watches the keys, until `execute` or the end of the block.

    Raises redis.RedisError.
    """

    def __init__(self, client: redis.Redis, keys: Sequence[str]) -> None:
        self._pool, self._keys = client.connection_pool, keys
        self._is_watching = False

    def __enter__(self) -> WatchedTransaction:
        self._connection = self._pool.get_connection()
        try:
            self._call("WATCH", *self._keys)
        except BaseException:
            self._pool.release(self._connection)
            raise
        self._is_watching = True
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_watching:
            # A closed connection watches nothing.
            self._connection.disconnect()
        self._pool.release(self._connection)

    def unwatch(self) -> None:
        self._call("UNWATCH")

    def execute(self, commands: Iterable[tuple[str | bytes, ...]]) -> list[Any]:
        """The answers of the commands, exceptions among them. Raises Changed, AnswerLost; else nothing was written."""
        # The types of hiredis allow one element only.
        packed = [pack_command(command) for command in commands]  # type: ignore[arg-type]
        try:
            self._connection.send_packed_command([b"".join((_MULTI, *packed, _EXEC))], check_health=False)
            return self._answers(len(packed))
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise AnswerLost(error) from error

    def _answers(self, commands: int) -> list[Any]:
        refused: redis.ResponseError | None = None
        # Of MULTI, and of each command: "QUEUED", or why it cannot be.
        for _ in range(1 + commands):
            try:
                self._connection.read_response()
            except redis.ResponseError as error:
                refused = refused or error
        try:
            answers: Any = self._connection.read_response()
        except redis.ResponseError as error:
            self._is_watching = False
            raise refused or error from None
        self._is_watching = False
        if answers is None:
            raise Changed
        return list(answers)

    def _call(self, *command: str) -> None:
        self._connection.send_command(*command)
        self._connection.read_response()
