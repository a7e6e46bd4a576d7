"""Events per second of the relay and of a bare producer: the same client, page size and bytes, in turn."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.relay.relaying import PAGE_EVENTS
from webapp.relay.worker import RelayWorker

from .relay_bare import Bare, bare_producer, why_missing
from .relay_setup import RelayOnStage, from_beginning, new_name, number_of, relay_all
from .stage import report

MIN_RATIO = 0.7


@dataclass(frozen=True)
class Run:
    """Wall-clock seconds, and CPU seconds of this process."""

    seconds: float
    cpu: float


def measure(relay: RelayOnStage, worker: RelayWorker, kind: str) -> None:
    """Print the line of one kind of broker. The events are those of the whole history."""
    if reason := why_missing(kind):
        report(case=f"{kind}: events per second", note=reason)
        return
    rounds = number_of("RELAY_ROUNDS", 5)
    messages = relay.messages()
    bares: list[Run] = []
    relays: list[Run] = []
    with bare_producer(kind) as bare:
        for turn in range(-1, rounds):
            pair = [
                (bares, lambda: _bare(bare, messages)),
                (relays, lambda: _relay(relay, worker, bare, len(messages))),
            ]
            for found, run in pair if turn % 2 else reversed(pair):
                done = run()
                # The first round connects.
                if turn >= 0:
                    found.append(done)
    _print(kind, len(messages), bares, relays)


def _bare(bare: Bare, messages: Sequence[Any]) -> Run:
    name = new_name()
    bare.make(name)
    prepared = [bare.prepare(name, message) for message in messages]
    pages = [prepared[first : first + PAGE_EVENTS] for first in range(0, len(prepared), PAGE_EVENTS)]

    def send() -> None:
        for page in pages:
            bare.send(page)

    return timed(send)


def _relay(relay: RelayOnStage, worker: RelayWorker, bare: Bare, events: int) -> Run:
    name = new_name()
    destination = from_beginning(relay, name, bare.make(name))
    done = timed(lambda: relay_all(worker, destination))
    assert relay.sent(name) == events, (relay.sent(name), events)
    relay.remove(name)
    return done


def timed(work: Callable[[], None]) -> Run:
    # Collections of garbage pass over the prepared messages otherwise.
    gc.collect()
    gc.freeze()
    cpu, began = time.process_time(), time.perf_counter()
    work()
    return Run(time.perf_counter() - began, time.process_time() - cpu)


def _print(kind: str, events: int, bares: Sequence[Run], relays: Sequence[Run]) -> None:
    seconds, bare_seconds = (statistics.median(run.seconds for run in runs) for runs in (relays, bares))
    cpu, bare_cpu = (statistics.median(run.cpu for run in runs) for runs in (relays, bares))
    # Of each round, because the two ran one after the other.
    ratio = statistics.median(bare.seconds / ours.seconds for bare, ours in zip(bares, relays, strict=True))
    report(
        case=f"{kind}: events per second",
        figures={"events_per_second": round(events / seconds), "cpu_us_per_event": round(cpu / events * 1e6, 1)},
        baseline={
            "bare_events_per_second": round(events / bare_seconds),
            "bare_cpu_us_per_event": round(bare_cpu / events * 1e6, 1),
        },
        ratio=round(ratio, 2),
        events=events,
        rounds=len(relays),
        page=PAGE_EVENTS,
        target=f"ratio >= {MIN_RATIO}",
        met=ratio >= MIN_RATIO,
    )
