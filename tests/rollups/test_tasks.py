"""Celery's wiring: each name sent is a task, each option exists in Celery, and the tasks do their work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
from celery import Celery
from celery.app.defaults import SETTING_KEYS
from celery.beat import Scheduler
from celery.schedules import schedule

from webapp.config.redis_url import for_celery
from webapp.doorbell import connection, locks
from webapp.events import retention
from webapp.events.topics import ORDERS, ROLLUPS
from webapp.listener import heartbeat
from webapp.listener.catch_up import drain_without_leader
from webapp.outbox import drain

from ..support.processes import SECRET
from ..support.signals import published, topics
from ..support.task_environment import set_environment
from ..support.wait import eventually
from ..support.world import Service, World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(service: Service, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = {"DATABASE_URL": service.database_url, "REDIS_URL": service.redis_url, "SECRET_KEY": SECRET}
    set_environment(monkeypatch, **values)
    return os.environ | values


@pytest.fixture
def celery_app(environment: dict[str, str]) -> Celery:
    from tasks.app import app

    app.loader.import_default_modules()
    return app


def test_every_scheduled_and_sent_name_is_a_task(celery_app: Celery) -> None:
    from tasks import schedule

    ours = {name for name in celery_app.tasks if name.startswith("tasks.")}
    assert ours == set(schedule.NAMES)
    assert {entry["task"] for entry in schedule.SCHEDULE.values()} == ours - {schedule.RELAY_RUN}
    assert all(entry["options"]["expires"] <= entry["schedule"] for entry in schedule.SCHEDULE.values())


def test_every_option_exists_in_celery(environment: dict[str, str]) -> None:
    from tasks.app import settings

    assert set(settings()) - SETTING_KEYS == set()


def test_a_tick_without_redis_logs_one_line_in_beat(celery_app: Celery, caplog: pytest.LogCaptureFixture) -> None:
    away = Celery("away", broker="redis://127.0.0.1:1/0")  # nothing listens there
    scheduler = Scheduler(away, lazy=True)
    scheduler.apply_entry(scheduler.Entry("tick", "tasks.catch_up.catch_up", schedule=schedule(60.0), app=away))
    (record,) = [record for record in caplog.records if record.name == "celery.beat" and record.levelname == "ERROR"]
    assert record.exc_info is None
    assert "Connection refused" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://:secret@host:6379/2", "redis://:secret@host:6379/2"),
        ("redis://ana:s%2Fecret@host?db=2&socket_timeout=3", "redis://ana:s%2Fecret@host/2"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
    ],
)
def test_the_redis_url_is_translated_for_celery(redis_url: str, broker_url: str) -> None:
    assert for_celery(redis_url)["broker_url"] == broker_url


def test_the_rollup_task_publishes_to_tenants_with_changed_rollups(
    celery_app: Celery, redis_client: redis.Redis, world: World
) -> None:
    busy, idle = world.tenant("busy"), world.tenant("idle")
    world.order(busy)
    assert celery_app.tasks["tasks.rollups.refresh"]() == 1
    assert [list(signal.topics) for signal in published(redis_client, busy)] == [[ROLLUPS]]
    assert published(redis_client, idle) == []
    assert celery_app.tasks["tasks.rollups.refresh"]() == 0
    assert [list(signal.topics) for signal in published(redis_client, busy)] == [[ROLLUPS]]


def test_catch_up_drains_only_while_no_listener_leads(
    celery_app: Celery, redis_client: redis.Redis, service: Service, world: World
) -> None:
    tenant = world.tenant()
    catch_up = celery_app.tasks["tasks.catch_up.catch_up"]
    drain_without_leader(service.database_url, redis_client)  # the first of all drains sets the cursor
    world.order(tenant)
    with connection.connect(service.database_url) as leader:
        assert locks.try_lead(leader)
        heartbeat.Heartbeat(leader, redis_client).beat(drain.open_cursor(leader, redis_client))
        assert catch_up() is None
        assert ORDERS not in topics(redis_client, tenant)
    assert catch_up() == 1
    assert ORDERS in topics(redis_client, tenant)


def test_partitions_are_created_ahead_even_after_a_missed_month(celery_app: Celery, world: World) -> None:
    def months() -> int:
        rows = world.conn.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'order_events'::regclass"
        )
        return len([name for (name,) in rows if name != "order_events_default"])

    assert months() == retention.MONTHS_AHEAD + 1
    world.conn.execute(
        "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT inhrelid::regclass FROM pg_inherits"
        " WHERE inhparent = 'order_events'::regclass AND inhrelid <> 'order_events_default'::regclass"
        " LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$"
    )
    world.order(world.tenant())  # its event is in the default partition now
    celery_app.tasks["tasks.partitions.make"]()
    assert months() == retention.MONTHS_AHEAD


def test_partitions_older_than_the_retention_are_dropped(
    celery_app: Celery, redis_client: redis.Redis, service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month, following in (("2024-01-01", "2024-02-01"), ("2024-02-01", "2024-03-01")):
        world.conn.execute(
            f"CREATE TABLE order_events_{month[:7].replace('-', '_')} PARTITION OF order_events"
            f" FOR VALUES FROM ('{month} 00:00+00') TO ('{following} 00:00+00')"
        )
    drain_without_leader(service.database_url, redis_client)
    set_environment(monkeypatch, RETENTION_DAYS="36500")
    assert celery_app.tasks["tasks.partitions.drop"]() == []
    set_environment(monkeypatch, RETENTION_DAYS=None)
    assert celery_app.tasks["tasks.partitions.drop"]() == ["order_events_2024_01", "order_events_2024_02"]


def _start(environment: dict[str, str], *args: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-q", "-A", "tasks.app", *args]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _end(process: subprocess.Popen[bytes], seconds: float = 30) -> str:
    process.send_signal(signal.SIGTERM)
    try:
        output, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return output.decode()


def test_a_real_worker_catches_up_at_start_and_ends_on_sigterm(
    environment: dict[str, str], redis_client: redis.Redis, service: Service, world: World
) -> None:
    tenant = world.tenant()
    drain_without_leader(service.database_url, redis_client)
    world.order(tenant)
    worker = _start(environment, "worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING")
    try:
        eventually(lambda: {ORDERS, ROLLUPS} <= topics(redis_client, tenant).keys(), 60)
    finally:
        output = _end(worker)
    assert worker.returncode == 0, output
    assert "Traceback" not in output


def test_a_real_beat_writes_no_file_and_ends_on_sigterm(environment: dict[str, str], redis_client: redis.Redis) -> None:
    before = set(ROOT.iterdir())
    beat = _start(environment | {"PYTHONUNBUFFERED": "1"}, "beat", "--loglevel=DEBUG")
    assert beat.stdout is not None
    seen = b""
    while b"Waking up" not in seen and (line := beat.stdout.readline()):
        seen += line
    output = seen.decode() + _end(beat)
    assert "Waking up" in output, output
    assert beat.returncode == 0, output
    assert {path.name for path in set(ROOT.iterdir()) - before if path.name.startswith("celery")} == set()


def test_a_worker_without_an_environment_ends_with_an_error() -> None:
    bare = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    }
    worker = _start(bare, "worker", "--pool=threads")
    output = worker.communicate(timeout=60)[0].decode()
    assert worker.returncode != 0
    assert "DATABASE_URL is not set" in output
    assert "Traceback" not in output


def test_tasks_expect_an_unreachable_database(celery_app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, DATABASE_URL="postgresql://unknown@127.0.0.1:1/nowhere")
    for name in ("tasks.rollups.refresh", "tasks.catch_up.catch_up", "tasks.partitions.make", "tasks.partitions.drop"):
        task = celery_app.tasks[name]
        with pytest.raises(psycopg.OperationalError):
            task()
        assert psycopg.OperationalError in task.throws
