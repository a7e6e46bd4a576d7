"""The cost of the doorbell for writers, and the time from commit to signal.

Commits per second at 1, 8 and 32 writers (pgbench), for three setups in turn within each round, each in its own
database on one server with durable commits:

- `ceiling`: the order, its event and its inbox row, without any NOTIFY (doorbell.ring = off), and without a listener;
- `quiet`: Doorbell as it is, with its listener;
- `plain`: as `ceiling`, and one NOTIFY per row as the usual trigger sends it, with a bare LISTEN loop.

Then the latency at 1, 100 and 2,000 changes per second, from the moment that the writer sends COMMIT: to the signal in
Redis, and for the same commits to a bare psycopg LISTEN loop that receives one NOTIFY per row. At 2,000 per second a
commit changes ten orders. `listener_cores` is the CPU of the listener and of its backend in PostgreSQL, in cores.
`python -m bench.doorbell latency` measures this part alone.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from webapp.launcher.cluster import PG_BIN
from webapp.signals import publisher
from webapp.signals.signal import Signal

from .stage import Stage, report

WRITERS = (1, 8, 32)
ROUNDS = 5
ROUND_SECONDS = 6
MIN_OF_CEILING = 0.90  # at 32 writers
# Changes per second, changes per commit, seconds.
RATES = ((1, 1, 30), (100, 1, 10), (2000, 10, 8))
# Of the median, on an idle system.
MAX_LATENCY = 3.0
# At each busy rate.
MAX_BUSY_P50_MS = 8.0
MAX_LISTENER_CORES = 0.15  # at the highest rate

PLACE = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
VALUES (1, gen_random_uuid()::text, 'Bench', 'EUR', 1000);
"""
PLACE_SOME = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
SELECT 1, gen_random_uuid()::text, 'Bench', 'EUR', 1000 FROM generate_series(1, %s) RETURNING id
"""
PLAIN_NOTIFY = """
CREATE FUNCTION plain_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('plain', NEW.id::text); RETURN NULL; END $$;
CREATE TRIGGER plain_notify AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION plain_notify()
"""
RING_OFF = "-c doorbell.ring=off"


def main() -> None:
    with Stage() as stage:
        ceiling, quiet, plain = (stage.database(name) for name in ("ceiling", "quiet", "plain"))
        stage.execute(plain, PLAIN_NOTIFY)
        with stage.listener(quiet), stage.process("listen", plain):
            setups = {"ceiling": (ceiling, RING_OFF), "quiet": (quiet, ""), "plain": (plain, RING_OFF)}
            for writers in WRITERS:
                _throughput(stage, setups, writers)
        _latencies(stage)


def latency() -> None:
    with Stage() as stage:
        _latencies(stage)


def _throughput(stage: Stage, setups: dict[str, tuple[str, str]], writers: int) -> None:
    rates: dict[str, list[float]] = {name: [] for name in setups}
    for turn in range(ROUNDS):
        names = list(setups)
        for name in names[turn % 3 :] + names[: turn % 3]:  # each is first in turn
            rates[name].append(pgbench(stage, *setups[name], writers))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    # The three ran one after the other within a round, so the ratio per round is fairer than one of medians.
    ratios = {
        name: statistics.median(a / b for a, b in zip(rates[name], rates["ceiling"], strict=True)) for name in setups
    }
    report(
        case=f"commits per second, {writers} writers",
        figures={"quiet": round(medians["quiet"]), "plain_notify": round(medians["plain"])},
        baseline={"ceiling": round(medians["ceiling"])},
        ratio=round(ratios["quiet"], 2),
        ratio_plain_notify=round(ratios["plain"], 2),
        rounds=ROUNDS,
        target=f"ratio >= {MIN_OF_CEILING}" if writers == max(WRITERS) else None,
        met=ratios["quiet"] >= MIN_OF_CEILING if writers == max(WRITERS) else None,
    )


def pgbench(stage: Stage, url: str, options: str, writers: int) -> float:
    """Commits per second of `writers` connections that place one order per commit."""
    script = stage.directory / "place.sql"
    script.write_text(PLACE)
    command = [PG_BIN / "pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(writers), "-T", str(ROUND_SECONDS)]
    done = subprocess.run(
        [*map(str, command), url], env=stage.env | {"PGOPTIONS": options}, capture_output=True, text=True, check=True
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


def _latencies(stage: Stage) -> None:
    url = stage.database("latency")
    stage.execute(url, PLAIN_NOTIFY)
    with stage.listener(url) as listener:
        processes = [psutil.Process(pid) for pid in (listener.pid, *_backends(url))]
        for rate in RATES:
            _latency(stage, url, processes, *rate)


def _backends(url: str) -> list[int]:
    """The process ids of the listener's sessions in PostgreSQL."""
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'doorbell%' AND datname = current_database()"
        )
        return [pid for (pid,) in rows]


def _latency(stage: Stage, url: str, listener: list[psutil.Process], rate: int, batch: int, seconds: int) -> None:
    received, signalled = stage.directory / f"received-{rate}", stage.directory / f"signalled-{rate}"
    with (
        stage.process("listen", url, str(received)),
        stage.process("subscribe", stage.env["REDIS_URL"], str(signalled)),
    ):
        cpu, began = _cpu(listener), time.monotonic()
        commits = _write(url, rate, batch, seconds)
        cores = (_cpu(listener) - cpu) / (time.monotonic() - began)
    bare = [moment - sent for sent, ids, _ in commits for moment in _first(_lines(received), ids)]
    ours = _until_signalled(commits, _lines(signalled))
    figures, baseline = _percentiles(ours), _percentiles(bare)
    ratio = figures["p50_ms"] / baseline["p50_ms"]
    target, met = _target(rate, ratio, figures["p50_ms"], cores)
    report(
        case=f"COMMIT to signal, {rate} changes per second",
        figures={**figures, "listener_cores": round(cores, 3), "commits": len(commits)},
        baseline={f"bare_listen_{name}": value for name, value in baseline.items()},
        ratio=round(ratio, 2),
        ratio_p99=round(figures["p99_ms"] / baseline["p99_ms"], 2),
        target=target,
        met=met,
    )


def _target(rate: int, ratio: float, p50_ms: float, cores: float) -> tuple[str, bool]:
    """The target of a rate as text, and whether it is met."""
    if rate == 1:
        return f"ratio <= {MAX_LATENCY}", ratio <= MAX_LATENCY
    target, met = f"p50_ms <= {MAX_BUSY_P50_MS}", p50_ms <= MAX_BUSY_P50_MS
    if rate == RATES[-1][0]:
        return f"{target}, listener_cores <= {MAX_LISTENER_CORES}", met and cores <= MAX_LISTENER_CORES
    return target, met


def _cpu(processes: list[psutil.Process]) -> float:
    """CPU seconds that the processes have used."""
    times = [process.cpu_times() for process in processes]
    return float(sum(each.user + each.system for each in times))


# Time of sending COMMIT, ids of orders, epoch ms of the last event.
Commit = tuple[float, list[int], float]


def _write(url: str, rate: int, batch: int, seconds: int) -> list[Commit]:
    commits: list[Commit] = []
    with psycopg.connect(url) as conn:
        begin = time.time()
        for n in range(rate * seconds // batch):
            time.sleep(max(0.0, begin + n * batch / rate - time.time()))
            ids = [row[0] for row in conn.execute(PLACE_SOME, [batch])]
            recorded = conn.execute("SELECT clock_timestamp()").fetchone()
            sent = time.time()
            conn.commit()
            assert recorded is not None
            commits.append((sent, ids, recorded[0].timestamp() * 1000))
        time.sleep(1.0)  # for the last to arrive
    return commits


def _first(lines: list[list[Any]], ids: list[int]) -> list[float]:
    wanted = str(ids[-1])
    return [moment for moment, payload in lines if payload == wanted]


def _until_signalled(commits: list[Commit], lines: list[list[Any]]) -> list[float]:
    """Seconds to the first signal that covers the commit, by its ids, or without ids by the time of its newest change."""
    found, place = [], 0
    for sent, ids, recorded in commits:
        while not _covers(lines[place], ids, recorded, sent):
            place += 1
        found.append(lines[place][0] - sent)
    return found


def _covers(line: list[Any], ids: list[int], recorded: float, sent: float) -> bool:
    moment, payload = line
    signal = Signal.parse(payload)
    named = signal.topics.get("orders")
    if named is not None:
        return ids[-1] in named
    return moment >= sent and signal.at >= int(recorded) - 1


def _percentiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2)}


def _lines(path: Path) -> list[list[Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def listen(url: str, path: str = "/dev/null") -> None:
    """The bare LISTEN loop: writes each notification with the time of its arrival."""
    with psycopg.connect(url, autocommit=True) as conn, Path(path).open("w", buffering=1) as out:
        conn.execute("LISTEN plain")
        print("ready", flush=True)
        for ring in conn.notifies():
            print(json.dumps([time.time(), ring.payload]), file=out)


def subscribe(url: str, path: str) -> None:
    """Writes each signal of tenant 1 with the time of its arrival from Redis."""
    with redis.Redis.from_url(url) as client, client.pubsub() as pubsub, Path(path).open("w", buffering=1) as out:
        pubsub.subscribe(publisher.channel(1))
        for message in pubsub.listen():
            if message["type"] == "subscribe":
                print("ready", flush=True)
            else:
                print(json.dumps([time.time(), message["data"].decode()]), file=out)


if __name__ == "__main__":
    from .stage import run

    run(main, latency=latency, listen=listen, subscribe=subscribe)
