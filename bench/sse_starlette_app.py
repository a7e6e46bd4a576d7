"""The usual asyncio server, for comparison: sse-starlette, one Redis subscription, and a queue per stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import redis.asyncio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

QUEUE = 1000
queues: set[asyncio.Queue[ServerSentEvent]] = set()


async def feed() -> None:
    async with redis.asyncio.from_url(os.environ["REDIS_URL"]) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(os.environ["BENCH_CHANNEL"])
        async for message in pubsub.listen():
            if message["type"] == "message":
                event = _event(json.loads(message["data"]))
                for queue in queues:
                    with contextlib.suppress(asyncio.QueueFull):
                        queue.put_nowait(event)


def _event(signal: dict[str, Any]) -> ServerSentEvent:
    from .contenders import padded

    head = f"id: {signal['seq']}\r\nevent: orders\r\ndata: \r\n\r\n"
    size = int(os.environ["BENCH_FRAME_BYTES"]) - len(head)
    return ServerSentEvent(padded({"seq": signal["seq"]}, size), event="orders", id=str(signal["seq"]))


async def stream(_request: Request) -> Response:
    async def events() -> AsyncIterator[ServerSentEvent]:
        queue: asyncio.Queue[ServerSentEvent] = asyncio.Queue(QUEUE)
        queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            queues.remove(queue)

    return EventSourceResponse(events(), ping=15)


async def healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    feeder = asyncio.create_task(feed())
    yield
    feeder.cancel()


app = Starlette(routes=[Route("/sub", stream), Route("/healthz", healthz)], lifespan=lifespan)
