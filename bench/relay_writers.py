"""Commits per second of writers with five active destinations and without any, with the listener and the relay worker.

Writers and the relay share the machine, so they also compete for its cores: each commit is sent five times.
"""

from __future__ import annotations

import re
import statistics
import subprocess

from tests.support.brokers.broker import running
from tests.support.brokers.redis_server import RedisServer
from webapp.launcher.cluster import PG_BIN
from webapp.relay import destinations

from .doorbell import PLACE
from .relay_setup import RelayOnStage, new_name, number_of, publish, running_relay, wait_until
from .stage import Stage, report

DESTINATIONS = 5
WRITERS = 8
ROUND_SECONDS = 6
MIN_OF_NONE = 0.95
CATCH_UP_SECONDS = 300.0


def measure(stage: Stage) -> None:
    """Print the line."""
    rounds = number_of("RELAY_ROUNDS", 5)
    none: list[float] = []
    five: list[float] = []
    with running_relay(stage, stage.database("writers")) as relay, running(RedisServer) as server:
        for turn in range(rounds):
            for count, found in sorted(
                [(0, none), (DESTINATIONS, five)], reverse=bool(turn % 2), key=lambda each: each[0]
            ):
                found.append(_round(stage, relay, server, count))
    ratio = statistics.median(with_five / without for with_five, without in zip(five, none, strict=True))
    report(
        case=f"commits per second, {WRITERS} writers",
        figures={"with_five_destinations": round(statistics.median(five))},
        baseline={"without_destinations": round(statistics.median(none))},
        ratio=round(ratio, 2),
        rounds=rounds,
        target=f"ratio >= {MIN_OF_NONE}",
        met=ratio >= MIN_OF_NONE,
    )


def _round(stage: Stage, relay: RelayOnStage, server: RedisServer, count: int) -> float:
    names = [new_name() for _ in range(count)]
    for name in names:
        relay.add(name, f"{server.url}?stream={name}&maxlen=10000")
    publish(relay)
    rate = _commits_per_second(stage, relay.config.database_url)
    wait_until(lambda: all(_is_done(relay, name) for name in names), CATCH_UP_SECONDS)
    for name in names:
        assert relay.sent(name) > 0
        relay.remove(name)
    publish(relay)
    return rate


def _is_done(relay: RelayOnStage, name: str) -> bool:
    return destinations.by_name(relay.conn, name).reader.unread(relay.conn, limit=1).events == 0


def _commits_per_second(stage: Stage, url: str) -> float:
    script = stage.directory / "place.sql"
    script.write_text(PLACE)
    command = [PG_BIN / "pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(WRITERS), "-T", str(ROUND_SECONDS)]
    done = subprocess.run([*map(str, command), url], env=stage.env, capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])
