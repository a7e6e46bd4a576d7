"""A JetStream stream of a test: made with a limit for messages, read as CloudEvents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import unquote

import nats
from nats.js.api import ConsumerConfig, DeliverPolicy, StorageType, StreamConfig

Result = TypeVar("Result")


class NatsEvents:
    """The stream `name` for the subjects `<name>.>`, as a reader that knows nothing of the relay sees it."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self.name = url, name

    @property
    def destination(self) -> str:
        """The address of a destination that sends to it."""
        return f"{self._url}?subject={self.name}.{{type}}"

    def create(self, max_message_bytes: int = -1) -> None:
        async def work(client: nats.NATS) -> None:
            config = StreamConfig(
                name=self.name,
                subjects=[f"{self.name}.>"],
                storage=StorageType.FILE,
                max_msg_size=max_message_bytes,
                duplicate_window=120.0,
            )
            await client.jetstream().add_stream(config)

        self._run(work)

    def allow(self, max_message_bytes: int) -> None:
        """Change the limit of the stream."""

        async def work(client: nats.NATS) -> None:
            info = await client.jetstream().stream_info(self.name)
            info.config.max_msg_size = max_message_bytes
            await client.jetstream().update_stream(info.config)

        self._run(work)

    def events(self) -> list[dict[str, Any]]:
        """Each message as its attributes and its `data`, in the stream's order."""

        async def work(client: nats.NATS) -> list[dict[str, Any]]:
            stream = client.jetstream()
            count = (await stream.stream_info(self.name)).state.messages
            config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
            reader = await stream.subscribe(f"{self.name}.>", ordered_consumer=True, config=config)
            found = []
            for _message in range(count):
                message = await reader.next_msg(timeout=5.0)
                headers = message.headers or {}
                attributes = {
                    key.lower().removeprefix("ce-"): unquote(value)
                    for key, value in headers.items()
                    if key.lower().startswith("ce-")
                }
                found.append({**attributes, "data": json.loads(message.data)})
            return found

        return self._run(work)

    def _run(self, work: Callable[[nats.NATS], Awaitable[Result]]) -> Result:
        async def connected() -> Result:
            client = await nats.connect(self._url, connect_timeout=5)
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(connected())
