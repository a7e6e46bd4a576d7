"""PostgreSQL and Redis are restarted, killed, emptied, or restored from an older dump."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import redis

from webapp.launcher.cluster import PG_BIN
from webapp.signals import publisher, signal_log

from ..support.wait import eventually
from .conftest import Try
from .expected import POSTGRES_AWAY, REDIS_AWAY, RESTORED, SLOW_SUBSCRIBER
from .stage import FaultStage

pytestmark = [pytest.mark.browser, pytest.mark.faults]

# A longer signal is not valid.
PADDING_BYTES = 900_000


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_postgresql_is_survived(stage: FaultStage, strike: Try, mode: str) -> None:
    with strike(f"restart PostgreSQL, {mode}", (*POSTGRES_AWAY, *REDIS_AWAY)) as fault:
        stage.embedded.postgres.restart(mode)
        fault.heal()


@pytest.mark.parametrize("seconds", [2, 15])
def test_a_killed_and_emptied_redis_is_survived(stage: FaultStage, strike: Try, seconds: int) -> None:
    with strike(f"kill -9 Redis, {seconds} s away, emptied", REDIS_AWAY) as fault:
        stage.embedded.redis.stop(9)
        stage.wait(seconds)
        stage.embedded.redis.start()
        fault.heal()


def test_a_slow_subscriber_that_redis_disconnects_resyncs(stage: FaultStage, strike: Try) -> None:
    with (
        strike("Redis disconnects a slow subscriber", SLOW_SUBSCRIBER) as fault,
        redis.Redis.from_url(stage.service.redis_url) as client,
    ):
        before = [viewer.received("resync") for viewer in stage.viewers]
        limit = client.config_get("client-output-buffer-limit")["client-output-buffer-limit"]
        client.config_set("client-output-buffer-limit", "pubsub 1mb 512kb 1")
        workers = stage.web_workers()
        for worker in workers:
            worker.suspend()
        try:
            eventually(lambda: _publish_padding(client, stage.tenant) == 0, 30)
        finally:
            for worker in workers:
                worker.resume()
            client.config_set("client-output-buffer-limit", limit)
        fault.heal()
        eventually(lambda: all(viewer.received("resync") > n for viewer, n in zip(stage.viewers, before, strict=True)))


def _publish_padding(client: redis.Redis, tenant_id: int) -> int:
    """Publish a signal without topics in almost a million bytes; returns how many subscribers received it."""
    seq = signal_log.newest_seq(client, tenant_id)
    padding = " " * PADDING_BYTES
    message = f'{{"seq":{seq},"topics":{{}},"users":{{}},"at":{seq},"padding":"{padding}"}}'
    return int(client.publish(publisher.channel(tenant_id), message))


def test_pages_show_an_older_dump_that_was_restored(stage: FaultStage, strike: Try, tmp_path: Path) -> None:
    dump = tmp_path / "doorbell.sql"
    with strike("an older dump restored over the database", RESTORED) as fault:
        stage.shop.gate.close()
        ledgers = stage.shop.snapshot()
        _run("pg_dump", f"--file={dump}", stage.service.database_url)
        stage.shop.gate.open()
        stage.wait(3)
        stage.shop.gate.close()
        # pg_restore --clean fails on partitions.
        clean = "--command=DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        options = ("--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction", clean)
        _run("psql", *options, f"--file={dump}", stage.service.database_url)
        stage.shop.restore(ledgers)
        fault.heal()


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL. A deadlock with a reader rolls back the whole restore, so it is retried."""
    for left in (2, 1, 0):
        done = subprocess.run([str(PG_BIN / program), *arguments], capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return
        assert "deadlock" in done.stderr, f"{program} failed: {done.stderr}"
        assert left, f"{program} failed three times: {done.stderr}"
