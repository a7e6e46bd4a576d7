"""Webhooks per second to a receiver that answers after 20 ms, compared with threads that post the same requests."""

from __future__ import annotations

import asyncio
import http.client
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.support.ports import free_port
from webapp.relay.message import STRUCTURED_TYPE, Message
from webapp.relay.webhook_outlet import MAX_IN_FLIGHT
from webapp.relay.worker import RelayWorker
from webapp.webhooks.signature import headers

from .relay_setup import ALLOW, RelayOnStage, from_beginning, new_name, number_of, relay_all
from .relay_throughput import MIN_RATIO, Run, timed
from .stage import Stage, report

ANSWER_SECONDS = 0.02
SECRET = "whsec_" + "A" * 32
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def receive(port: str) -> None:
    """The process of the receiver."""
    asyncio.run(_serve(int(port)))


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_answer, ALLOW, port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
    await asyncio.sleep(ANSWER_SECONDS)
    writer.write(_ANSWER)
    writer.close()


@contextmanager
def receiver(stage: Stage) -> Iterator[str]:
    """The URL of a receiver in a process of its own."""
    port = free_port()
    with stage.process("receive", str(port)):
        yield f"http://{ALLOW}:{port}/hooks"


def measure(stage: Stage, relay: RelayOnStage, worker: RelayWorker) -> None:
    """Print the line. Each event of the history is one webhook."""
    rounds, messages = number_of("RELAY_ROUNDS", 5), relay.messages()
    bares: list[Run] = []
    relays: list[Run] = []
    with receiver(stage) as url:
        for _ in range(rounds):
            bares.append(timed(lambda: _post_all(url, messages)))
            relays.append(_relay(relay, worker, url, len(messages)))
    events = len(messages)
    rate, bare_rate = (events / statistics.median(run.seconds for run in runs) for runs in (relays, bares))
    ratio = statistics.median(bare.seconds / ours.seconds for bare, ours in zip(bares, relays, strict=True))
    report(
        case=f"webhooks per second, answered after {ANSWER_SECONDS * 1000:.0f} ms",
        figures={
            "webhooks_per_second": round(rate),
            "cpu_us_per_webhook": round(statistics.median(run.cpu for run in relays) / events * 1e6),
        },
        baseline={
            "bare_threads_per_second": round(bare_rate),
            "bare_cpu_us_per_webhook": round(statistics.median(run.cpu for run in bares) / events * 1e6),
        },
        ratio=round(ratio, 2),
        events=events,
        in_flight=MAX_IN_FLIGHT,
        rounds=rounds,
        target=f"ratio >= {MIN_RATIO}",
        met=ratio >= MIN_RATIO,
    )


def _relay(relay: RelayOnStage, worker: RelayWorker, url: str, events: int) -> Run:
    name = new_name()
    destination = from_beginning(relay, name, url)
    done = timed(lambda: relay_all(worker, destination))
    assert relay.sent(name) == events, (relay.sent(name), events)
    relay.remove(name)
    return done


def _post_all(url: str, messages: Sequence[Message]) -> None:
    """As many threads as the relay has, one connection per request."""
    place = urlsplit(url)

    def post(message: Message) -> None:
        conn = http.client.HTTPConnection(place.netloc, timeout=15)
        signed = headers(message.id, datetime.now(UTC), message.structured, [SECRET])
        conn.request("POST", place.path, message.structured, {"Content-Type": STRUCTURED_TYPE, **signed})
        assert conn.getresponse().read() == b"ok"
        conn.close()

    with ThreadPoolExecutor(MAX_IN_FLIGHT) as pool:
        list(pool.map(post, messages))
