"""RedisStream: a stream of a test, read and changed without any code of the relay."""

from __future__ import annotations

import json
from typing import Any

import redis

from webapp.relay.address import parse
from webapp.relay.senders.redis_streams import RedisStreamsSender


class RedisStream:
    """The stream `name` of the Redis at `url`."""

    def __init__(self, url: str, name: str) -> None:
        self.client, self.name, self._url = redis.Redis.from_url(url, decode_responses=True), name, url

    def sender(self, options: str = "", port: int = 0) -> RedisStreamsSender:
        """A sender to this stream; through `port`, such as a proxy's, when it is given."""
        url = f"redis://127.0.0.1:{port}" if port else self._url
        return RedisStreamsSender(parse(f"{url}?stream={self.name}{options}"), "redis://127.0.0.1:1")

    def entries(self) -> list[tuple[str, dict[str, str]]]:
        found: Any = self.client.xrange(self.name)
        return list(found)

    @property
    def ids(self) -> list[str]:
        return [entry for entry, _ in self.entries()]

    @property
    def events(self) -> list[int]:
        """The ids of the events, in the order of the stream."""
        return [json.loads(fields["event"])["data"]["event_id"] for _, fields in self.entries()]

    def add_other(self, entry: str) -> None:
        """An entry of another event."""
        self.client.xadd(self.name, {"id": "other", "event": "{}"}, entry)

    def close(self) -> None:
        self.client.close()
