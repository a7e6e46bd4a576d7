"""The cost of a stream: server CPU per frame, memory per stream, the delay of a signal, and how fast streams open.

At 1,000, 5,000 and 10,000 streams, with one process each: Doorbell's hub, its generator (the fallback when it cannot
take the sockets), sse-starlette on uvicorn, and nchan (nginx, C). All have their streams open at the same time and get
signals in turn, round by round, so that other load of the machine affects all alike.

A frame is the bytes of one signal on one stream, with the same size for all. A stream that does not keep up may
coalesce signals; `delivered` is the share of frames that arrived.

    STREAM_SIZES=1000 STREAM_WAYS=hub,nchan python -m bench.stream
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from . import contenders
from .load_client import Aim, Client
from .loop import raise_open_files
from .stage import Stage, report, run
from .verdict import Verdict, judge

SIZES = (1_000, 5_000, 10_000)
# Signals per second, so that the generator keeps up in all but the last.
RATES = {1_000: 5, 5_000: 2, 10_000: 2}
ROUNDS = 3
ROUND_SECONDS = 6.0
# A round ends after this long without a frame, and after the second value in any case.
QUIET_SECONDS = (1.5, 10.0)
SAMPLES = 100
# Streams that are open when the base memory is measured, because the first ones load modules.
WARM_UP = 50
CONTENDERS = ("hub", "generator", "sse_starlette", "nchan")
MAX_OF_NCHAN, MIN_OF_GENERATOR, MAX_KB, MIN_OPENS = 0.9, 3.0, 10.0, 3_000


@dataclass
class Round:
    """One contender's round. `delivered` is the share of all frames; `late` has the delays of the sampled streams, in ms."""

    us_per_frame: float
    delivered: float
    bytes_per_frame: float
    client_cpu_share: float
    late: list[float]
    verdict: Verdict


@dataclass
class Measured:
    """A contender with its streams open."""

    contender: contenders.Contender
    client: Client
    streams: int
    connect_rate: float
    us_per_open: float
    base_rss: int
    rounds: list[Round] = field(default_factory=list)
    kb_per_stream: float = 0.0

    @property
    def us_per_frame(self) -> float:
        return statistics.median(each.us_per_frame for each in self.rounds)


def main() -> None:
    raise_open_files()
    sizes = [int(size) for size in os.environ.get("STREAM_SIZES", "").split(",") if size] or list(SIZES)
    wanted = [name for name in os.environ.get("STREAM_WAYS", "").split(",") if name] or list(CONTENDERS)
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
            if reason := contenders.why_unavailable(name):
                report(case=f"{size:,} streams, {name}", note=reason)
            else:
                there[name] = _open(stage, stack, url, name, size)
        for turn in range(ROUNDS):
            names = list(there)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:  # each is first in turn
                there[name].rounds.append(_round(there[name], rate))
        for name, measured in there.items():
            measured.kb_per_stream = (measured.contender.process.memory_info().rss - measured.base_rss) / size / 1024
            _report(name, measured, rate)
        _compare(there, size)


def _open(stage: Stage, stack: ExitStack, url: str, name: str, size: int) -> Measured:
    opener: Any = {"sse_starlette": contenders.sse_starlette, "nchan": contenders.nchan}.get(name)
    contender = stack.enter_context(opener(stage, url, size) if opener else contenders.doorbell(stage, url, size, name))
    with Client(Aim(contender.port, contender.path.format(seq=0), WARM_UP, contender.cookies)) as first:
        first.ask("open")
        # Pages come with the newest seq, as after a first paint or a restart.
        path = contender.path.format(seq=contender.publish())
        time.sleep(0.5)
    base = contender.process.memory_info().rss
    client = stack.enter_context(Client(Aim(contender.port, path, size, contender.cookies, SAMPLES)))
    cpu = _cpu(contender)
    opened = client.ask("open")
    us_per_open = (_cpu(contender) - cpu) / max(1, opened["open"]) * 1e6
    if opened["failed"]:
        report(case=f"{size:,} streams, {name}", note=f"{opened['open']:,} open; refused: {opened['failed']}")
    return Measured(contender, client, opened["open"], opened["open"] / opened["seconds"], us_per_open, base)


def _round(measured: Measured, rate: int) -> Round:
    contender, client, total = measured.contender, measured.client, int(rate * ROUND_SECONDS)
    client.ask("mark")
    cpu, begin = _cpu(contender), time.time()
    sent: dict[int, float] = {}
    for n in range(total):
        time.sleep(max(0.0, begin + n / rate - time.time()))
        moment = time.time()
        sent[contender.publish()] = moment
    found = _when_quiet(client, total * measured.streams)
    used, wall = _cpu(contender) - cpu, time.time() - begin
    received = found["signals"]
    return Round(
        us_per_frame=used / max(1, found["frames"]) * 1e6,
        delivered=found["frames"] / (total * measured.streams),
        bytes_per_frame=found["bytes"] / max(1, found["frames"]),
        client_cpu_share=found["cpu"] / wall,
        late=[(came - sent[seq]) * 1000 for signals in received for seq, came in signals if seq in sent],
        verdict=judge(list(sent), [[seq for seq, _ in signals] for signals in received]),
    )


def _when_quiet(client: Client, expected: int) -> dict[str, Any]:
    """The client's counters once all frames have arrived, or no more arrive."""
    end, newest, before = time.time() + QUIET_SECONDS[1], time.time(), -1
    while True:
        found = client.ask("read")
        if found["frames"] != before:
            newest, before = time.time(), found["frames"]
        if before >= expected or time.time() > min(end, newest + QUIET_SECONDS[0]):
            return found
        time.sleep(0.1)


def _cpu(contender: contenders.Contender) -> float:
    times = contender.process.cpu_times()
    return float(times.user + times.system)


def _report(name: str, measured: Measured, rate: int) -> None:
    rounds = measured.rounds
    late = statistics.quantiles([each for one in rounds for each in one.late] or [0.0, 0.0], n=100)
    delivered = min(each.delivered for each in rounds)
    report(
        case=f"{measured.streams:,} streams, {name}",
        figures={
            "us_per_frame": round(measured.us_per_frame, 1),
            "kb_per_stream": round(measured.kb_per_stream, 1),
            "p50_ms": round(late[49], 1),
            "p99_ms": round(late[98], 1),
            "connects_per_second": round(measured.connect_rate),
            "us_per_open": round(measured.us_per_open),
            "signals_per_second": rate,
            "bytes_per_frame": round(statistics.median(each.bytes_per_frame for each in rounds)),
            "delivered": round(delivered, 4),
            **sum((each.verdict for each in rounds), Verdict()).as_figures(),
            "client_cpu_share": round(max(each.client_cpu_share for each in rounds), 2),
        },
        rounds=len(rounds),
        kept_up=delivered > 0.99,
    )


def _compare(there: dict[str, Measured], size: int) -> None:
    """The hub compared with the others, by the median of the ratios of each round."""
    hub = there.get("hub")
    for name, other in there.items() if hub else ():
        if not hub or name == "hub":
            continue
        # With nchan: our share of its cost. With the others: how many times cheaper we are.
        theirs_first = name != "nchan"
        pairs = [(a.us_per_frame, b.us_per_frame) for a, b in zip(hub.rounds, other.rounds, strict=True)]
        ratio = statistics.median(theirs / ours if theirs_first else ours / theirs for ours, theirs in pairs)
        target, met = {
            "nchan": (f"ratio <= {MAX_OF_NCHAN}", ratio <= MAX_OF_NCHAN),
            "generator": (f"ratio >= {MIN_OF_GENERATOR:g}", ratio >= MIN_OF_GENERATOR),
        }.get(name, (None, None))
        report(
            case=f"{size:,} streams, CPU per frame: " + (f"{name} to hub" if theirs_first else f"hub to {name}"),
            figures={"hub_us": round(hub.us_per_frame, 1)},
            baseline={f"{name}_us": round(other.us_per_frame, 1)},
            ratio=round(ratio, 2),
            target=target,
            met=met,
        )
    if hub:
        opens = {name: round(1e6 / max(1.0, each.us_per_open)) for name, each in there.items()}
        report(
            case=f"{size:,} streams, opens per second and core",
            figures={"opens": opens.pop("hub")},
            baseline={f"{name}_opens": rate for name, rate in opens.items()} or None,
            target=f"opens >= {MIN_OPENS:,}",
            met=1e6 / hub.us_per_open >= MIN_OPENS,
        )
    if hub:
        report(
            case=f"{size:,} streams, memory per stream",
            figures={"kb_per_stream": round(hub.kb_per_stream, 1)},
            baseline={f"{name}_kb": round(other.kb_per_stream, 1) for name, other in there.items() if name != "hub"},
            target=f"kb_per_stream <= {MAX_KB:g}",
            met=hub.kb_per_stream <= MAX_KB,
        )


if __name__ == "__main__":
    run(main)
