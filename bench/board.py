"""A board with a thousand viewers: how old its figures are, and what it costs.

One gunicorn web process, one listener, and 10, 100 and 1,000 signed-in viewers (viewer.py), each with its own user,
while 20 orders per second are paid. Each payment is one cent, so the revenue tile shows which payments a viewer has
seen. `age` is the time from COMMIT until a viewer has a revenue tile with the payment, for every payment and every
viewer. The baseline is the same number of viewers that poll every second.

`panel_queries_per_second` is the renders of panels. Ten viewers may cost one per panel and round (panels/pacing.py), and
the list of recent orders at its slower pace; a thousand viewers hardly more. `queries_per_second` is the transactions that
PostgreSQL counted, less those of the same writer and listener without viewers. CPU is in cores.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from webapp import create_app
from webapp.accounts import sessions
from webapp.config import Config
from webapp.panels.pacing import LIST_TIMES, MIN_ROUND_SECONDS, PAGE_PART
from webapp.signals import publisher

from .stage import ROOT, Stage, report, run
from .viewer import watch

VIEWERS = (10, 100, 1_000)
CHANGES_PER_SECOND = 20
# PostgreSQL counts for all processes, so a shorter time shows chance.
SECONDS = 15
# How long the polling viewers are measured.
POLL_SECONDS = 10
# Of the age, by viewers.
MAX_P50_SECONDS = {10: 0.25, 100: 0.25}
MAX_P99_SECONDS = {10: 0.6, 100: 0.6, 1_000: 1.4}
# At the largest number of viewers.
MAX_WEB_CORES = 0.8
# Of the panel queries per second, from 10 viewers to 1,000.
MAX_GROWTH = 1.2
# A payment concerns four panels of figures. The margin is for rounds that begin twice in the measured seconds.
MAX_PANEL_QUERIES = 1.1 * (4 / MIN_ROUND_SECONDS + 1 / (MIN_ROUND_SECONDS * PAGE_PART * LIST_TIMES))
TOKEN = "a-token-for-benchmarks"  # noqa: S105 - for one run
PORT = 18_230


def main() -> None:
    with Stage() as stage:
        url = stage.database("board")
        cookies = _fill(stage, url)
        with stage.listener(url), _web(stage, url) as web:
            alone = _measure(stage, url, web, "live", 0, cookies, SECONDS)
            found = {n: _measure(stage, url, web, "live", n, cookies, SECONDS) for n in VIEWERS}
            polled = _measure(stage, url, web, "poll", VIEWERS[-1], cookies, POLL_SECONDS)
        for figures in (*found.values(), polled):
            figures["queries_per_second"] = round(figures.pop("transactions") - alone["transactions"], 1)
        for n in VIEWERS:
            _report_viewers(n, found[n], polled if n == VIEWERS[-1] else None)
        _report_growth(found[VIEWERS[0]], found[VIEWERS[-1]])


def _report_viewers(viewers: int, figures: dict[str, Any], polled: dict[str, Any] | None) -> None:
    limits = {"age_p99": MAX_P99_SECONDS[viewers]}
    if viewers in MAX_P50_SECONDS:
        limits["age_p50"] = MAX_P50_SECONDS[viewers]
    if viewers == VIEWERS[0]:
        limits["panel_queries_per_second"] = round(MAX_PANEL_QUERIES, 1)
    if polled:
        limits["web_cores"] = MAX_WEB_CORES
    report(
        case=f"{viewers} viewers, {CHANGES_PER_SECOND} changes per second",
        figures=figures,
        baseline={f"polling_{name}": value for name, value in polled.items()} if polled else None,
        ratio=round(figures["age_p99"] / polled["age_p99"], 3) if polled and polled["age_p99"] else None,
        target=", ".join(f"{name} <= {limit}" for name, limit in limits.items()),
        met=all(figures[name] is not None and figures[name] <= limit for name, limit in limits.items()),
    )


def _report_growth(few: dict[str, Any], many: dict[str, Any]) -> None:
    name = "panel_queries_per_second"
    report(
        case=f"panel queries per second, {VIEWERS[-1]} viewers against {VIEWERS[0]}",
        figures={name: many[name]},
        baseline={name: few[name]},
        ratio=round(many[name] / few[name], 2),
        target=f"ratio <= {MAX_GROWTH}",
        met=many[name] / few[name] <= MAX_GROWTH,
    )


def _measure(
    stage: Stage, url: str, web: psutil.Process, mode: str, viewers: int, cookies: Path, seconds: int
) -> dict[str, Any]:
    out = stage.directory / f"seen-{mode}-{viewers}"
    address = f"http://127.0.0.1:{PORT}"
    with stage.process("watch", address, mode, str(viewers), str(cookies), str(out)):
        time.sleep(3)  # the first paint
        before, cpu, panels, began = _transactions(url), _cpu(web), _panels(address), time.time()
        first, paid = _pay(url, seconds)
        # For the last payments to be seen. PostgreSQL reports its counts up to a second late.
        time.sleep(3)
        took = time.time() - began
        cores, transactions = (_cpu(web) - cpu) / took, (_transactions(url) - before) / took
        panels = {how: value - panels[how] for how, value in _panels(address).items()}
    result = json.loads(out.read_text())
    ages, unseen = _ages(result["seen"], first, paid)
    return {
        "age_p50": _percentile(ages, 0.5),
        "age_p99": _percentile(ages, 0.99),
        "unseen": unseen,
        "transactions": transactions,
        "panel_queries_per_second": round(panels["query"] / took, 1),
        "panels_per_second": round(sum(panels.values()) / took),
        "errors": result["errors"],
        "web_cores": round(cores, 2),
        "client_cores": round(result["cpu"], 2),
    }


def _pay(url: str, seconds: int) -> tuple[int, list[float]]:
    """The revenue before in cents, which is the number of payments, and the time of each further payment's commit."""
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute("SELECT count(*) FROM orders WHERE paid_at IS NOT NULL").fetchone()
        assert row is not None
        paid, begin = [], time.time()
        for n in range(seconds * CHANGES_PER_SECOND):
            time.sleep(max(0.0, begin + n / CHANGES_PER_SECOND - time.time()))
            conn.execute(
                "UPDATE orders SET paid_at = now() WHERE id = (SELECT min(id) FROM orders WHERE paid_at IS NULL)"
            )
            paid.append(time.time())
        return row[0], paid


def _ages(seen: list[list[list[float]]], first: int, paid: list[float]) -> tuple[list[float], int]:
    """The sorted seconds until each viewer saw each payment, and how many payments were never seen."""
    ages, unseen = [], 0
    for views in seen:
        known = 0
        for figure, moment in views:
            upto = min(len(paid), int(figure) - first)
            ages += [moment - at for at in paid[known:upto]]
            known = max(known, upto)
        unseen += len(paid) - known
    return sorted(ages), unseen


def _percentile(ages: list[float], share: float) -> float | None:
    return round(ages[int(len(ages) * share)], 3) if ages else None


def _transactions(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _panels(address: str) -> dict[str, float]:
    """The panels that were answered from memory, after a wait for another request, and by a query."""
    request = urllib.request.Request(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - loopback
        lines = response.read().decode().splitlines()
    mark = 'doorbell_panel_requests_total{source="'
    found = {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines if line.startswith(mark)}
    return {how: found.get(how, 0.0) for how in ("memory", "wait", "query")}


@contextlib.contextmanager
def _web(stage: Stage, url: str) -> Iterator[psutil.Process]:
    """Run gunicorn with one worker; yields that worker, not the master."""
    env = stage.env | {"DATABASE_URL": url, "PORT": str(PORT), "METRICS_TOKEN": TOKEN, "GRACEFUL_TIMEOUT": "2"}
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    with subprocess.Popen(command, cwd=ROOT, env=env | {"DOORBELL_DEMO": "1", "WEB_CONCURRENCY": "1"}) as master:
        try:
            deadline = time.time() + 30
            while time.time() < deadline:
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=1)
                    break
                time.sleep(0.2)
            yield psutil.Process(master.pid).children()[0]
        finally:
            master.terminate()


def _fill(stage: Stage, url: str) -> Path:
    """Insert users and orders of tenant 1; returns the file with the users' cookies."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO users (tenant_id, name, email)"
            " SELECT 1, 'U N', 'u' || n || '@example.com' FROM generate_series(1, %s) n",
            [max(VIEWERS)],
        )
        conn.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
            " SELECT 1, n::text, 'Bench', 'EUR', 1 FROM generate_series(1, 5000) n"
        )
        users = [row[0] for row in conn.execute("SELECT id FROM users ORDER BY id")]
        conn.execute("VACUUM ANALYZE")
    with redis.Redis.from_url(stage.env["REDIS_URL"]) as client:
        publisher.publish(client, 1, {"resync": None})
    app = create_app(Config.from_env(stage.env | {"DATABASE_URL": url}))
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    path = stage.directory / "cookies"
    cookies = [{"_user_id": str(user), "_fresh": False, **sessions.new(86_400)} for user in users]
    path.write_text(json.dumps(["session=" + serializer.dumps(one) for one in cookies]))
    return path


if __name__ == "__main__":
    os.environ.setdefault("GUNICORN_LOG_LEVEL", "warning")
    run(main, watch=watch)
