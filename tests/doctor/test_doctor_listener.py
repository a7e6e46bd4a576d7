"""`flask doctor` on the doorbell, the listener and the cursors: healthy, frozen, replaced and behind."""

from __future__ import annotations

import json
import os
import signal
import time
from types import SimpleNamespace

import pytest
import redis

from webapp import redis_client
from webapp.doctor import cursor
from webapp.listener.catch_up import drain_without_leader
from webapp.rollups import refresh
from webapp.signals import publisher

from ..support.doctor import examined, leading, old_event
from ..support.pooler import Pooler
from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import Service, World


def read(service: Service) -> None:
    """Move the cursors of the listener and the rollups past all events."""
    with redis_client.connect(service.redis_url) as client:
        drain_without_leader(service.database_url, client)
    refresh.refresh(service.database_url)


# The bell and the listener -------------------------------------------------------------------------------------------------


def test_a_transaction_pooler_is_found_by_its_process_and_by_the_missing_ring(service: Service, world: World) -> None:
    (row,) = world.conn.execute(
        "SELECT current_setting('unix_socket_directories') || '/.s.PGSQL.' || current_setting('port'), current_database()"
    ).fetchall()
    pooler = Pooler(*row)
    try:
        found = examined(service, DATABASE_URL=pooler.url)
    finally:
        pooler.close()
    found.says("postgresql", "warn", "goes through a pooler", "PostgreSQL's own address")
    found.says("bell", "FAULT", "did not arrive within 3 s, and the connection goes through a pooler", "PgBouncer")


def test_without_a_listener_rings_arrive_and_the_listener_is_missing(service: Service) -> None:
    found = examined(service)
    found.says("bell", "ok", "a ring arrives in")
    found.says("listener", "FAULT", "no listener leads; 0 standbys", "Start listener_worker.py")
    found.says("cursor", "FAULT", "listener has no saved cursor", "Start listener_worker.py")
    found.says("rollups", "FAULT", "rollups has no saved cursor", "worker and beat")


def test_a_frozen_leader_is_distinguished_from_its_standby(doorbell: Doorbell, service: Service) -> None:
    doorbell.listener.start()
    eventually(lambda: "listening" in doorbell.listener.log)
    standby = doorbell.another_listener()
    eventually(lambda: "standing by" in standby.log)
    with redis.Redis.from_url(service.redis_url) as client:
        eventually(lambda: client.get(publisher.HEARTBEAT_KEY))
        examined(service).says("listener", "ok", "1 standby")
        os.kill(doorbell.listener.pid, signal.SIGSTOP)
        # The key expires on its own after 10 s.
        client.delete(publisher.HEARTBEAT_KEY)
        found = examined(service)
    found.says("listener", "FAULT", "leads, session", "frozen, or cut off from Redis")
    assert "Redis has had no heartbeat" in found.checks["listener"]["seen"]
    assert found.exit_code == 1


def test_a_heartbeat_of_another_databases_listener_is_a_fault(service: Service) -> None:
    with redis.Redis.from_url(service.redis_url) as client:
        client.set(publisher.HEARTBEAT_KEY, json.dumps({"host": "elsewhere", "pid": 1, "at": time.time()}), ex=10)
    examined(service).says(
        "listener", "FAULT", "but a listener on elsewhere sends heartbeats", "its own Redis database"
    )


def test_celerys_catch_up_is_named_as_the_leader_of_the_moment(service: Service) -> None:
    with leading(service, "doorbell catch-up"):
        examined(service).says(
            "listener", "FAULT", "for the moment Celery's catch-up holds the leader's lock", "Start listener_worker.py"
        )


# The cursors ---------------------------------------------------------------------------------------------------------------


def test_an_old_unread_event_is_a_fault(service: Service, world: World) -> None:
    tenant = world.tenant()
    world.order(tenant)
    read(service)
    old_event(world, tenant)
    found = examined(service)
    found.says("cursor", "FAULT", "unread by listener and older than 10 s: 1 event, the oldest 6", "listener_worker.py")
    found.says("rollups", "ok", "rollups has read up to")
    old_event(world, tenant, "10 min", count=1001)
    found = examined(service)
    found.says("cursor", "FAULT", "more than 1,000 events, the oldest 10 min old")
    found.says(
        "rollups", "FAULT", "unread by rollups and older than 5 min: more than 1,000 events", "tasks.rollups.refresh"
    )
    world.order(tenant)
    read(service)
    found = examined(service)
    found.says("cursor", "ok", "listener has read up to")
    found.says("rollups", "ok", "rollups has read up to")


def test_an_event_that_a_reader_ignores_is_not_unread(service: Service, world: World) -> None:
    """The rollups ignore shipments and deleted tenants; all readers ignore a row of another cluster's future."""
    tenant = world.tenant()
    world.order(tenant)
    read(service)
    old_event(world, tenant, "10 min", "shipped")
    old_event(world, 4711, "10 min")
    with redis_client.connect(service.redis_url) as client:
        drain_without_leader(service.database_url, client)
    old_event(world, tenant, "10 min", xid="900000000000")
    found = examined(service)
    found.says("cursor", "ok", "")
    found.says("rollups", "ok", "")


def test_an_old_event_that_was_committed_just_now_is_checked_again(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = world.tenant()
    world.order(tenant)
    read(service)
    old_event(world, tenant)
    monkeypatch.setattr(cursor, "time", SimpleNamespace(sleep=lambda _seconds: read(service)))
    examined(service).says("cursor", "ok", "listener has read up to")


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("snapshot = '900000000000:900000000000:'", "the cursor is ahead of the database: 900000000000"),
        ("timeline = 77", "the cluster went from timeline 77 to"),
        ("system_identifier = 1", "the cursor belongs to another cluster"),
    ],
)
def test_a_cursor_of_another_cluster_timeline_or_future_is_a_fault(
    service: Service, world: World, change: str, seen: str
) -> None:
    world.order(world.tenant())
    read(service)
    world.conn.execute(f"UPDATE outbox_readers SET {change}")
    found = examined(service)
    found.says("cursor", "FAULT", f"listener cannot continue: {seen}", "Restart it")
    found.says("rollups", "FAULT", f"rollups cannot continue: {seen}", "Restart it")
