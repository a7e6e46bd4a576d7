"""Cursors, events and logs from another cluster or another Redis: which events are read, and which pages resync."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis

from webapp.doorbell import connection
from webapp.launcher.embedded import Embedded
from webapp.listener import heartbeat
from webapp.outbox import drain
from webapp.signals import publisher, signal_log

from ..support.signals import published
from ..support.world import World


@pytest.mark.parametrize(
    "change",
    [{"system_identifier": 1}, {"timeline": 7}, {"snapshot": "999999999:999999999:"}],
    ids=["another cluster", "another timeline", "a cursor ahead of the present"],
)
def test_an_invalid_cursor_makes_every_page_resync(
    world: World, reader: connection.Connection, redis_client: redis.Redis, change: dict[str, object]
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    drain.LISTENER.save(reader, replace(cursor, **change))  # type: ignore[arg-type]
    redis_client.delete(publisher.log_key(tenant))
    fresh = drain.open_cursor(reader, redis_client)
    assert (fresh.system_identifier, fresh.timeline) == (cursor.system_identifier, cursor.timeline)
    assert [list(signal.topics) for signal in published(redis_client, tenant)] == [["resync"]]


def test_events_of_another_clusters_dump_are_not_new_in_every_drain(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    world.conn.execute(
        "INSERT INTO order_events (xid, tenant_id, order_id, type, via, occurred_at)"
        " VALUES ('999999999', %s, 1, 'placed', 'dump', now())",
        [tenant],
    )
    assert drain.drain(reader, redis_client, cursor).events == 0


def test_a_restarted_redis_makes_every_page_resync(
    world: World, reader: connection.Connection, redis_client: redis.Redis, embedded: Embedded
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    heartbeat.Heartbeat(reader, redis_client).beat(cursor)
    redis_client.delete(publisher.log_key(tenant))
    heartbeat.Heartbeat(reader, redis_client).beat(cursor)
    assert signal_log.newest_seq(redis_client, tenant) == 0
    embedded.redis.stop()
    embedded.redis.start()
    # The run id is saved with the cursor, not in the process.
    heartbeat.Heartbeat(reader, redis_client).beat(cursor)
    assert [list(signal.topics) for signal in published(redis_client, tenant)] == [["resync"]]


def test_rows_of_another_cluster_do_not_become_new_at_their_ids(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.order(tenant, owner_id=ana, paid_at=world.now())
    (present,) = world.conn.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()  # type: ignore[misc]
    # As a dump brings them from a cluster that is a little older.
    for table in ("order_events", "notifications"):
        world.conn.execute(f"UPDATE {table} SET xid = ({present} + 20 + id)::text::xid8")
    cursor = drain.open_cursor(reader, redis_client)
    for _ in range(60):
        world.conn.execute("SELECT pg_current_xact_id()")
        drained = drain.drain(reader, redis_client, cursor)
        cursor = drained.cursor
        assert drained.events == 0
    unseen = world.conn.execute(
        "SELECT count(*) FROM notifications WHERE NOT pg_visible_in_snapshot(xid, %s)", [cursor.snapshot]
    )
    assert unseen.fetchone() == (0,)


def test_an_invalid_published_cursor_is_ignored(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    first = drain.open_cursor(reader, redis_client)
    redis_client.delete(publisher.log_key(tenant))
    redis_client.set(drain.PUBLISHED_KEY, b"\xff of another program")
    assert drain.open_cursor(reader, redis_client).snapshot == first.snapshot
    assert signal_log.newest_seq(redis_client, tenant) == 0, "no page was made to resync"


def test_an_invalid_log_of_one_tenant_does_not_stop_the_others(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    cursor = drain.open_cursor(reader, redis_client)
    redis_client.delete(publisher.log_key(first))
    redis_client.set(publisher.log_key(first), "another program's")
    one, two = world.order(first), world.order(second)
    assert drain.drain(reader, redis_client, cursor).signals == 2
    assert published(redis_client, first)[-1].topics["orders"] == [one]
    assert published(redis_client, second)[-1].topics["orders"] == [two]
