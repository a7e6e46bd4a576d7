"""A restart with 5,000 viewers: how soon all are back, the load of their return, and what they read meanwhile.

Three restarts, one after the other, while signals continue: a deploy (SIGTERM to the old process; the new one starts at
once and binds the port as soon as it is free), a reload (SIGHUP: gunicorn replaces the worker), and a power cut (kill
-9 of master and worker, which restart at once). The viewers behave like the page (viewers.py).

Errors are error answers of the server to a stream or a panel, and viewers that were signed out. Counted separately are
the pages that show "Reconnecting" (after 1.5 s) or "Stale since …" (viewers.py) while the server does not answer.

    STORM_VIEWERS=500 STORM_FETCH=0.1 STORM_CASES="reload,kill -9" python -m bench.storm
"""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from webapp import redis_client
from webapp.signals import publisher

from .contenders import PEOPLE, TOPICS
from .load_client import Aim, Client
from .loop import raise_open_files
from .stage import Stage, report, run
from .viewers import GRACE_SECONDS
from .web import Web, tenant_with_people

VIEWERS = 5_000
PANELS = "/panels?names=revenue,orders_today,average_order,revenue_by_hour,salespeople,history,leaderboard"
# The share of the viewers that really fetch their panels.
FETCH_SHARE = 1.0
SIGNAL_SECONDS = 2.0  # between two changes
# Viewers that are not back after this are given up.
MAX_SECONDS = 120.0
# Time for stale panels to be fetched again.
SETTLE_SECONDS = 5.0
# After the power cut.
MAX_BACK_SECONDS, MAX_STALE_SHARE = 6.0, 0.1


def main() -> None:
    raise_open_files()
    viewers = int(os.environ.get("STORM_VIEWERS") or VIEWERS)
    share = float(os.environ.get("STORM_FETCH") or FETCH_SHARE)
    with Stage() as stage, redis_client.connect(stage.env["REDIS_URL"]) as client:
        url = stage.database("storm")
        tenant_id, users = tenant_with_people(url, "storm", PEOPLE)
        with stage.listener(url), Web(stage, url, 2 * viewers) as web:
            aim = Aim(web.port, "/stream", viewers, web.cookies(users), fetch_share=share, fetch_path=PANELS)
            with Client(aim, "bench.viewers") as pages:
                opened = pages.ask("open")
                if opened["open"] < viewers:
                    raise SystemExit(f"only {opened['open']} of {viewers} streams opened:\n{web.log.read_text()}")
                with _changes(client, tenant_id):
                    for case in os.environ.get("STORM_CASES", ",".join(RESTARTS)).split(","):
                        _storm(web, pages, case, RESTARTS[case], viewers, share)


def _deploy(web: Web) -> None:
    web.replace()


def _reload(web: Web) -> None:
    web.send(signal.SIGHUP)


def _kill(web: Web) -> None:
    web.kill()
    web.start()


RESTARTS = {"deploy": _deploy, "reload": _reload, "kill -9": _kill}


def _storm(web: Web, pages: Client, case: str, restart: Callable[[Web], None], viewers: int, share: float) -> None:
    before = _wait(pages, lambda found: found["connected"] >= viewers)
    if before["connected"] < viewers:
        report(
            case=f"{viewers:,} viewers, {case}", note=f"only {before['connected']:,} were back from the restart before"
        )
        return
    pages.ask("mark")
    begin = time.time()
    restart(web)
    _wait(pages, lambda found: found["lost"] >= viewers and found["connected"] >= viewers)
    times = web.worker.cpu_times()
    time.sleep(SETTLE_SECONDS)
    found = pages.ask("read")
    figures = _figures(found, viewers, found["back_at"] - begin, times.user + times.system)
    target, met = "errors = 0, all back", figures["errors"] == 0 and figures["not_back"] <= 0
    if restart is _kill:
        target += f" within {MAX_BACK_SECONDS:g} s, read_stale <= {MAX_STALE_SHARE:.0%}"
        in_time = figures["all_back_seconds"] <= MAX_BACK_SECONDS
        met = met and in_time and figures["read_stale"] <= MAX_STALE_SHARE * viewers
    report(case=f"{viewers:,} viewers, {case}", figures=figures, fetching_share=share, target=target, met=met)


def _figures(found: dict[str, Any], viewers: int, back_seconds: float, worker_cpu_seconds: float) -> dict[str, Any]:
    """`found` are the pages' counters; the CPU is the new worker's, from its start until all were back."""
    away, stale = found["away"] or [0.0], found["stale"] or [0.0]
    wrong = (count for status, count in [*found["refused"].items(), *found["failed"].items()] if int(status))
    return {
        "all_back_seconds": round(back_seconds, 1),
        "not_back": viewers - found["connected"],
        "away_p50_seconds": round(statistics.median(away), 2),
        "away_max_seconds": round(max(away), 2),
        "reconnects": found["tries"],
        "worker_cpu_seconds": round(worker_cpu_seconds, 2),
        "peak_reconnects_per_second": found["peak_tries"],
        "peak_returns_per_second": found["peak_returns"],
        "peak_refetches_on_return_per_second": found["peak_refetches_on_return"],
        "peak_refetches_per_second": found["peak_refetches"],
        "resyncs": found["resyncs"],
        "refused": found["refused"],
        "read_reconnecting": sum(seconds > GRACE_SECONDS for seconds in away),
        "panels_fetched": found["fetched"],
        "panels_failed": found["failed"],
        "unanswered": len(found["stale"]),
        "unanswered_p50_seconds": round(statistics.median(stale), 2),
        "unanswered_max_seconds": round(max(stale), 2),
        "read_stale": found["read_stale"],
        "errors": sum(wrong) + found["signed_out"],
    }


def _wait(pages: Client, over: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The pages' counters once `over` is true, or after MAX_SECONDS."""
    end = time.time() + MAX_SECONDS
    while not over(found := pages.ask("read")) and time.time() < end:
        time.sleep(0.25)
    return found


@contextmanager
def _changes(client: redis.Redis, tenant_id: int) -> Iterator[Any]:
    """Publish a change every SIGNAL_SECONDS during the block."""
    over = threading.Event()

    def change() -> None:
        while not over.wait(SIGNAL_SECONDS):
            publisher.publish(client, tenant_id, TOPICS)

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    run(main)
