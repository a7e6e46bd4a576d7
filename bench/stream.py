"""What a stream costs: server CPU a frame, memory a stream, how late a signal comes, how fast streams open.

At 1,000, 5,000 and 10,000 streams, on one process each: Doorbell's hub, its generator (what it falls back to where it cannot
have the sockets), sse-starlette on uvicorn, and nchan (nginx, C). All of them have their streams open at the same time and
get signals in turn, round by round, so that whatever else the machine does hits all alike.

A frame is what one signal makes on one stream, of the same size everywhere. A stream that cannot keep up may fold signals;
`delivered` is the share of frames that came.

    STREAM_SIZES=1000 STREAM_WAYS=hub,nchan python -m bench.stream
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from . import ways
from .load_client import Aim, Client
from .loop import raise_open_files
from .stage import Stage, report, run
from .verdict import Verdict, judge

SIZES = (1_000, 5_000, 10_000)
RATES = {1_000: 5, 5_000: 2, 10_000: 2}  # signals a second: the generator is to keep up, but for the last
ROUNDS = 3
ROUND_SECONDS = 6.0
QUIET_SECONDS = (1.5, 10.0)  # without a frame, then a round is over; and the most that is waited for it
SAMPLES = 100
WARM_UP = 50  # streams open when the memory of none is measured: the first makes the process load all it needs
WAYS = ("hub", "generator", "sse_starlette", "nchan")
MAX_OF_NCHAN, MIN_OF_GENERATOR, MAX_KB = 0.8, 3.0, 10.0


@dataclass
class Round:
    """One way's round. `delivered` is the share of the frames that there might be, `late` in ms for the sampled streams."""

    us_a_frame: float
    delivered: float
    bytes_a_frame: float
    client_cpu_share: float
    late: list[float]
    verdict: Verdict


@dataclass
class Measured:
    """A way with its streams open."""

    way: ways.Way
    client: Client
    streams: int
    connect_rate: float
    base_rss: int
    rounds: list[Round] = field(default_factory=list)
    kb_a_stream: float = 0.0

    @property
    def us_a_frame(self) -> float:
        return statistics.median(each.us_a_frame for each in self.rounds)


def main() -> None:
    raise_open_files()
    sizes = [int(size) for size in os.environ.get("STREAM_SIZES", "").split(",") if size] or list(SIZES)
    wanted = [name for name in os.environ.get("STREAM_WAYS", "").split(",") if name] or list(WAYS)
    with Stage() as stage:
        url = stage.database("streams")
        with stage.listener(url):
            for size in sizes:
                _measure(stage, url, size, wanted)


def _measure(stage: Stage, url: str, size: int, wanted: list[str]) -> None:
    rate = RATES.get(size, 5)
    with ExitStack() as stack:
        there: dict[str, Measured] = {}
        for name in wanted:
            if why := ways.missing(name):
                report(case=f"{size:,} streams, {name}", note=why)
            else:
                there[name] = _open(stage, stack, url, name, size)
        for turn in range(ROUNDS):
            names = list(there)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:  # nobody is always first
                there[name].rounds.append(_round(there[name], rate))
        for name, measured in there.items():
            measured.kb_a_stream = (measured.way.process.memory_info().rss - measured.base_rss) / size / 1024
            _report(name, measured, rate)
        _compare(there, size)


def _open(stage: Stage, stack: ExitStack, url: str, name: str, size: int) -> Measured:
    opener: Any = {"sse_starlette": ways.sse_starlette, "nchan": ways.nchan}.get(name)
    way = stack.enter_context(opener(stage, url, size) if opener else ways.doorbell(stage, url, size, name))
    with Client(Aim(way.port, way.path, WARM_UP, way.cookies)) as first:
        first.ask("open")
        way.publish()
        time.sleep(0.5)
    base = way.process.memory_info().rss
    client = stack.enter_context(Client(Aim(way.port, way.path, size, way.cookies, SAMPLES)))
    opened = client.ask("open")
    if opened["failed"]:
        report(case=f"{size:,} streams, {name}", note=f"{opened['open']:,} open; refused: {opened['failed']}")
    return Measured(way, client, opened["open"], opened["open"] / opened["seconds"], base)


def _round(measured: Measured, rate: int) -> Round:
    way, client, total = measured.way, measured.client, int(rate * ROUND_SECONDS)
    client.ask("mark")
    cpu, begin = _cpu(way), time.time()
    sent: dict[int, float] = {}
    for n in range(total):
        time.sleep(max(0.0, begin + n / rate - time.time()))
        moment = time.time()
        sent[way.publish()] = moment
    found = _when_quiet(client, total * measured.streams)
    used, wall = _cpu(way) - cpu, time.time() - begin
    heard = found["signals"]
    return Round(
        us_a_frame=used / max(1, found["frames"]) * 1e6,
        delivered=found["frames"] / (total * measured.streams),
        bytes_a_frame=found["bytes"] / max(1, found["frames"]),
        client_cpu_share=found["cpu"] / wall,
        late=[(came - sent[seq]) * 1000 for signals in heard for seq, came in signals if seq in sent],
        verdict=judge(list(sent), [[seq for seq, _ in signals] for signals in heard]),
    )


def _when_quiet(client: Client, expected: int) -> dict[str, Any]:
    """What the client has counted once all frames are there, or no more come."""
    end, newest, before = time.time() + QUIET_SECONDS[1], time.time(), -1
    while True:
        found = client.ask("read")
        if found["frames"] != before:
            newest, before = time.time(), found["frames"]
        if before >= expected or time.time() > min(end, newest + QUIET_SECONDS[0]):
            return found
        time.sleep(0.1)


def _cpu(way: ways.Way) -> float:
    times = way.process.cpu_times()
    return float(times.user + times.system)


def _report(name: str, measured: Measured, rate: int) -> None:
    rounds = measured.rounds
    late = statistics.quantiles([each for one in rounds for each in one.late] or [0.0, 0.0], n=100)
    delivered = min(each.delivered for each in rounds)
    report(
        case=f"{measured.streams:,} streams, {name}",
        figures={
            "us_a_frame": round(measured.us_a_frame, 1),
            "kb_a_stream": round(measured.kb_a_stream, 1),
            "p50_ms": round(late[49], 1),
            "p99_ms": round(late[98], 1),
            "connects_a_second": round(measured.connect_rate),
            "signals_a_second": rate,
            "bytes_a_frame": round(statistics.median(each.bytes_a_frame for each in rounds)),
            "delivered": round(delivered, 4),
            **sum((each.verdict for each in rounds), Verdict()).as_figures(),
            "client_cpu_share": round(max(each.client_cpu_share for each in rounds), 2),
        },
        rounds=len(rounds),
        kept_up=delivered > 0.99,
    )


def _compare(there: dict[str, Measured], size: int) -> None:
    """The hub against the others: within a round they ran one after the other, so the ratio is the median of the rounds'."""
    hub = there.get("hub")
    for name, other in there.items() if hub else ():
        if not hub or name == "hub":
            continue
        theirs_first = (
            name != "nchan"
        )  # against nchan: our part of its cost; against the others: how many times cheaper
        pairs = [(a.us_a_frame, b.us_a_frame) for a, b in zip(hub.rounds, other.rounds, strict=True)]
        ratio = statistics.median(theirs / ours if theirs_first else ours / theirs for ours, theirs in pairs)
        target, met = {
            "nchan": (f"ratio <= {MAX_OF_NCHAN}", ratio <= MAX_OF_NCHAN),
            "generator": (f"ratio >= {MIN_OF_GENERATOR:g}", ratio >= MIN_OF_GENERATOR),
        }.get(name, (None, None))
        report(
            case=f"{size:,} streams, CPU a frame: " + (f"{name} to hub" if theirs_first else f"hub to {name}"),
            figures={"hub_us": round(hub.us_a_frame, 1)},
            baseline={f"{name}_us": round(other.us_a_frame, 1)},
            ratio=round(ratio, 2),
            target=target,
            met=met,
        )
    if hub:
        report(
            case=f"{size:,} streams, memory a stream",
            figures={"kb_a_stream": round(hub.kb_a_stream, 1)},
            baseline={f"{name}_kb": round(other.kb_a_stream, 1) for name, other in there.items() if name != "hub"},
            target=f"kb_a_stream <= {MAX_KB:g}",
            met=hub.kb_a_stream <= MAX_KB,
        )


if __name__ == "__main__":
    run(main)
