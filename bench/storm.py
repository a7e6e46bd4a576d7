"""A restart under 5,000 viewers: how soon all are back, how hard they come, and what they get to read meanwhile.

Three restarts, one after the other, while signals go on: a deploy (SIGTERM to the old process, the new one is started at
once and binds the port as soon as it is free), a reload (SIGHUP: gunicorn changes the worker), and a power cut (kill -9 of
master and worker, started anew at once). The viewers do what the page does (viewers.py).

An error is an answer of the server that is one, for a stream or a panel, or that a viewer is signed out. Counted apart is what
a page says while the server gives no answer: "Reconnecting" after 1.5 s, "Stale since …" after 5 s.

    STORM_VIEWERS=500 STORM_FETCH=0.1 python -m bench.storm
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

from .load_client import Aim, Client
from .loop import raise_open_files
from .stage import Stage, report, run
from .viewers import GRACE_SECONDS, STALE_SECONDS
from .ways import PEOPLE, TOPICS
from .web import Web, tenant_with_people

VIEWERS = 5_000
PANELS = "/panels?names=revenue,orders_today,average_order,revenue_by_hour,salespeople,history,leaderboard"
FETCH_SHARE = 1.0  # of the viewers really fetch their panels whenever they would
SIGNAL_SECONDS = 2.0  # between two changes
MAX_SECONDS = 120.0  # then those who are not back are given up
SETTLE_SECONDS = 5.0  # for what was marked stale to be asked for again


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
                    for case, restart in (("deploy", _deploy), ("reload", _reload), ("kill -9", _kill)):
                        _storm(web, pages, case, restart, viewers, share)


def _deploy(web: Web) -> None:
    web.replace()


def _reload(web: Web) -> None:
    web.send(signal.SIGHUP)


def _kill(web: Web) -> None:
    web.kill()
    web.start()


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
    time.sleep(SETTLE_SECONDS)
    found = pages.ask("read")
    away = found["away"] or [0.0]
    wrong = (count for status, count in [*found["refused"].items(), *found["failed"].items()] if int(status))
    errors = sum(wrong) + found["signed_out"]
    stale = sum(seconds > STALE_SECONDS for seconds in found["stale"])
    report(
        case=f"{viewers:,} viewers, {case}",
        figures={
            "all_back_seconds": round(found["back_at"] - begin, 1),
            "not_back": viewers - found["connected"],
            "away_p50_seconds": round(statistics.median(away), 2),
            "away_max_seconds": round(max(away), 2),
            "reconnects": found["tries"],
            "peak_reconnects_a_second": found["peak_tries"],
            "peak_returns_a_second": found["peak_returns"],
            "peak_refetches_on_return_a_second": found["peak_refetches_on_return"],
            "peak_refetches_a_second": found["peak_refetches"],
            "resyncs": found["resyncs"],
            "refused": found["refused"],
            "read_reconnecting": sum(seconds > GRACE_SECONDS for seconds in away),
            "panels_fetched": found["fetched"],
            "panels_failed": found["failed"],
            "unanswered": len(found["stale"]),
            "unanswered_p50_seconds": round(statistics.median(found["stale"] or [0.0]), 2),
            "unanswered_max_seconds": round(max(found["stale"] or [0.0]), 2),
            "read_stale": stale,
            "errors": errors,
        },
        fetching_share=share,
        target="errors = 0, all back",
        met=errors == 0 and found["connected"] >= viewers,
    )


def _wait(pages: Client, over: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What the pages say once it is so, or after MAX_SECONDS."""
    end = time.time() + MAX_SECONDS
    while not over(found := pages.ask("read")) and time.time() < end:
        time.sleep(0.25)
    return found


@contextmanager
def _changes(client: redis.Redis, tenant_id: int) -> Iterator[Any]:
    """Something changes every SIGNAL_SECONDS while the block runs."""
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
