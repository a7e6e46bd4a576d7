"""Metrics of processes without HTTP of their own: the listener and the worker, and ports that cannot be bound."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterator

import psycopg
import pytest
from prometheus_client import REGISTRY

from webapp.events import retention
from webapp.observability.metrics import listener, server, web, worker
from webapp.observability.metrics.age import Age

from ..support.metrics import Scrape, scrape
from ..support.ports import free_port
from ..support.processes import ROOT, Doorbell, Process
from ..support.wait import eventually
from ..support.world import Service, World

TOKEN = "t" * 20
LISTENER = """
import os, sys
from webapp.config import Config, ConfigError
from webapp.observability.metrics import listener as metrics
try:
    metrics.serve_if_asked(Config.from_env(os.environ))
except ConfigError as error:
    sys.exit(str(error))
metrics.RINGS_RECEIVED.inc()
metrics.DRAINS.labels("ring").inc()
metrics.LAG_SECONDS.observe(0.004)
metrics.CURSOR_AGE.renew()
metrics.LEADER.set(1)
metrics.RECONNECTS.labels("deadline").inc()
print("serving", flush=True)
sys.stdin.read()
"""
NAMES = {
    "doorbell_rings_received_total",
    "doorbell_drains_total",
    "doorbell_events_total",
    "doorbell_signals_total",
    "doorbell_drain_seconds_count",
    "doorbell_publish_seconds_count",
    "doorbell_lag_seconds_bucket",
    "doorbell_cursor_age_seconds",
    "doorbell_leader",
    "doorbell_self_ring_seconds_count",
    "doorbell_reconnects_total",
    "doorbell_quiet_seconds_total",
    "doorbell_notification_queue_usage_ratio",
    "doorbell_missed_rings_total",
    "doorbell_faults_total",
}


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    yield doorbell
    doorbell.close()


def test_the_listener_serves_its_metrics_on_its_port(doorbell: Doorbell) -> None:
    port = free_port()
    env = doorbell.env(LISTENER_METRICS_PORT=str(port))
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", LISTENER], cwd=ROOT, env=env, **pipe) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == b"serving\n"
        seen = scrape(f"http://127.0.0.1:{port}/metrics")
        process.stdin.close()
        assert process.wait(30) == 0
    assert seen.names >= NAMES
    assert not [name for name in seen.names if name.startswith("doorbell") and name.endswith("_created")]
    assert seen.value("doorbell_drains_total", reason="ring") == 1
    assert {sample.labels["reason"] for sample in seen.samples if sample.name == "doorbell_drains_total"} == {
        "ring", "waking", "awake", "grace", "asleep", "start", "catch_up",
    }  # fmt: skip
    assert seen.value("doorbell_lag_seconds_bucket", le="0.005") == 1
    assert seen.value("doorbell_lag_seconds_bucket", le="0.0025") == 0
    assert 0 < seen.value("doorbell_cursor_age_seconds") < 30


def test_port_zero_starts_no_server(doorbell: Doorbell) -> None:
    env = doorbell.env(LISTENER_METRICS_PORT="0")
    started = subprocess.run(
        [sys.executable, "-c", LISTENER], cwd=ROOT, env=env, input="", capture_output=True, text=True, timeout=60
    )
    assert (started.returncode, started.stdout) == (0, "serving\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"])
def test_a_port_that_cannot_be_bound_is_reported_without_a_traceback(doorbell: Doorbell, host: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        env = doorbell.env(LISTENER_METRICS_PORT=port, METRICS_HOST=host, METRICS_TOKEN=TOKEN)
        started = subprocess.run(
            [sys.executable, "-c", LISTENER], cwd=ROOT, env=env, input="", capture_output=True, text=True, timeout=60
        )
    assert started.returncode == 1
    assert f"LISTENER_METRICS_PORT is {port}, which cannot be bound on {host!r}" in started.stderr
    assert "Traceback" not in started.stderr


def test_other_hosts_need_the_token() -> None:
    port = server.serve(0, token=TOKEN)
    with pytest.raises(urllib.error.HTTPError) as refused:
        scrape(f"http://127.0.0.1:{port}/metrics")
    assert refused.value.code == 401
    with pytest.raises(urllib.error.HTTPError):
        scrape(f"http://127.0.0.1:{port}/metrics", TOKEN[:-1])
    assert "doorbell_leader" in scrape(f"http://127.0.0.1:{port}/metrics", TOKEN).names


def test_the_server_can_bind_an_ipv6_address() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this host has no IPv6")
    assert scrape(f"http://[::1]:{server.serve(0, '::1')}/metrics").names


def test_the_tables_of_the_operations_guide_list_exactly_the_metrics() -> None:
    assert all((listener.LEADER, web.STREAMS, worker.ROLLUP_AGE)), "importing these modules creates their metrics"
    created = set()
    for family in REGISTRY.collect():
        if family.name.startswith("doorbell_") and "_test_" not in family.name:
            created.add(family.name + ("_total" if family.type == "counter" else ""))
    text = (ROOT / "docs" / "monitoring.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `doorbell_")]
    assert set(re.findall(r"`(doorbell_\w+)", " ".join(rows))) == created


def test_an_age_grows_until_it_is_set() -> None:
    now = [100.0]
    age = Age("doorbell_test_age_seconds", "For this test.", clock=lambda: now[0])
    now[0] = 107.0
    assert age.seconds() == 7
    age.renew()
    assert age.seconds() == 0
    age.set(3)
    now[0] = 109.0
    assert age.seconds() == 5


def _worker(doorbell: Doorbell, port: int) -> Process:
    args = ("worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING", "--without-gossip", "--without-mingle")
    process = doorbell.process(sys.executable, "-m", "celery", "-q", "-A", "tasks.app", *args)
    process.env["WORKER_METRICS_PORT"] = str(port)
    process.start()
    return process


def test_a_worker_counts_its_tasks(doorbell: Doorbell, conn: psycopg.Connection) -> None:
    port = free_port()
    process = _worker(doorbell, port)
    tasks = ("tasks.rollups.refresh", "tasks.catch_up.catch_up", "tasks.partitions.make")

    def all_ran() -> Scrape | None:
        seen = scrape(f"http://127.0.0.1:{port}/metrics")
        done = (seen.value("doorbell_task_runs_total", task=task, outcome="done") for task in tasks)
        return seen if all(done) else None

    seen = eventually(all_ran, 60)
    assert seen is not None
    for task in tasks:
        assert seen.value("doorbell_task_runs_total", task=task, outcome="done") == 1
        assert seen.value("doorbell_task_seconds_count", task=task) == 1
    assert seen.value("doorbell_partitions_ahead") == 2
    assert seen.value("doorbell_unpartitioned_events") == 0
    assert seen.value("doorbell_rollup_age_seconds") < 60
    assert process.stop() == 0, process.log


def test_a_worker_without_its_port_logs_the_reason_and_exits(doorbell: Doorbell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = _worker(doorbell, taken.getsockname()[1])
        assert process.wait(60) != 0, process.log
    assert "WORKER_METRICS_PORT is" in process.log
    assert "Traceback" not in process.log


def test_events_of_a_month_without_partition_are_counted(service: Service, conn: psycopg.Connection) -> None:
    made = retention.make_ahead(service.database_url)
    assert (made.ahead, made.strays) == (2, 0)
    conn.execute(
        "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT inhrelid::regclass FROM pg_inherits"
        " WHERE inhparent = 'order_events'::regclass AND inhrelid <> 'order_events_default'::regclass"
        " LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$"
    )
    world = World(conn)
    world.order(world.tenant())
    made = retention.make_ahead(service.database_url)
    assert (made.ahead, made.strays) == (2, 1)
