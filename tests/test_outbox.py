"""From commit to signal: what the drain reads, folds and publishes, and what it never loses."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp import cursor as cursors
from webapp import doorbell, heartbeat, leadership, outbox, signals
from webapp.embedded import Embedded

from .world import Service, World


@pytest.fixture
def client(service: Service) -> Iterator[redis.Redis]:
    with signals.connect(service.redis_url) as client:
        yield client


@pytest.fixture
def reader(service: Service) -> Iterator[psycopg.Connection]:
    with doorbell.connect(service.database_url) as conn:
        yield conn


def published(client: redis.Redis, tenant_id: int) -> list[signals.Signal]:
    return signals.read_since(client, tenant_id, 0) or _all(client, tenant_id)


def _all(client: redis.Redis, tenant_id: int) -> list[signals.Signal]:
    entries = client.xrange(signals.log_key(tenant_id))
    return [signals.Signal.parse(fields[b"signal"], int(key.split(b"-")[0])) for key, fields in entries]


def test_the_first_start_asks_every_page_to_resync_and_reads_from_now(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    tenant = world.tenant()
    world.order(tenant)
    cursor = outbox.open_cursor(reader, client)
    assert outbox.drain(reader, client, cursor).events == 0
    assert [list(signal.topics) for signal in published(client, tenant)] == [["resync"]]


def test_many_events_become_one_signal_a_tenant(world: World, reader: psycopg.Connection, client: redis.Redis) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    cursor = outbox.open_cursor(reader, client)
    one, two = world.order(first), world.order(first)
    other = world.order(second)
    world.change(one, paid_at=world.now())
    drained = outbox.drain(reader, client, cursor)
    assert (drained.events, drained.signals) == (4, 2)
    assert published(client, first)[-1].topics == {"orders": [one, two], "placed": None, "revenue": None}
    assert published(client, second)[-1].topics == {"orders": [other], "placed": None}


def test_more_than_fifty_changed_orders_are_many(world: World, reader: psycopg.Connection, client: redis.Redis) -> None:
    tenant = world.tenant()
    cursor = outbox.open_cursor(reader, client)
    for _ in range(50):
        world.order(tenant)
    cursor = outbox.drain(reader, client, cursor).cursor
    for _ in range(51):
        world.order(tenant)
    outbox.drain(reader, client, cursor)
    fifty, more = published(client, tenant)[-2:]
    assert len(fifty.topics["orders"] or []) == 50
    assert more.topics["orders"] is None


def test_the_owner_of_a_paid_order_gets_the_inbox_topic_and_nobody_else(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    paid, edited = world.order(tenant, owner_id=ana), world.order(tenant, owner_id=ben)
    cursor = outbox.open_cursor(reader, client)
    world.change(paid, paid_at=world.now())
    world.change(edited, customer="Hanari Carnes")
    outbox.drain(reader, client, cursor)
    assert published(client, tenant)[-1].users == {ana: ["inbox"]}


def test_what_was_missed_while_nobody_listened_is_read_at_the_next_start(
    world: World, reader: psycopg.Connection, client: redis.Redis, service: Service
) -> None:
    tenant = world.tenant()
    outbox.drain(reader, client, outbox.open_cursor(reader, client))
    reader.close()
    missed = world.order(tenant)
    with doorbell.connect(service.database_url) as again:
        outbox.drain(again, client, outbox.open_cursor(again, client))
    assert published(client, tenant)[-1].topics["orders"] == [missed]


def test_a_failed_publish_leaves_the_cursor_where_it_was(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = outbox.open_cursor(reader, client)
    order = world.order(tenant)
    with signals.connect("redis://127.0.0.1:1/0") as nowhere, pytest.raises(redis.RedisError):
        outbox.drain(reader, nowhere, cursor)
    outbox.drain(reader, client, outbox.open_cursor(reader, client))
    assert published(client, tenant)[-1].topics["orders"] == [order]


@pytest.mark.parametrize(
    "change",
    [{"system_identifier": 1}, {"timeline": 7}, {"snapshot": "999999999:999999999:"}],
    ids=["another cluster", "another timeline", "a cursor ahead of the present"],
)
def test_a_cursor_of_another_past_makes_everybody_resync(
    world: World, reader: psycopg.Connection, client: redis.Redis, change: dict[str, object]
) -> None:
    tenant = world.tenant()
    cursor = outbox.open_cursor(reader, client)
    cursors.begin(reader, replace(cursor, **change))  # type: ignore[arg-type]
    client.delete(signals.log_key(tenant))
    fresh = outbox.open_cursor(reader, client)
    assert (fresh.system_identifier, fresh.timeline) == (cursor.system_identifier, cursor.timeline)
    assert [list(signal.topics) for signal in published(client, tenant)] == [["resync"]]


def test_the_tenants_midnight_rings_for_the_tenants_whose_day_it_is(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    zones = ["Pacific/Kiritimati", "Europe/Berlin", "Pacific/Pago_Pago"]
    tenants = [world.tenant(f"zone-{n}", timezone=zone) for n, zone in enumerate(zones)]
    cursor = outbox.open_cursor(reader, client)
    a_day_ago = replace(cursor, drained_at=cursor.drained_at - timedelta(days=1))
    after = outbox.drain(reader, client, a_day_ago)
    assert after.signals == 3
    assert [list(published(client, tenant)[-1].topics) for tenant in tenants] == [["day"]] * 3
    assert outbox.drain(reader, client, after.cursor).signals == 0


def test_a_tenant_whose_zone_is_none_stops_nobody_else(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    world.tenant("odd", timezone="XYZ+3")  # PostgreSQL takes it for a zone, nobody else does
    good = world.tenant("good")
    cursor = outbox.open_cursor(reader, client)
    order = world.order(good)
    outbox.drain(reader, client, replace(cursor, drained_at=cursor.drained_at - timedelta(days=1)))
    assert published(client, good)[-1].topics == {"orders": [order], "placed": None, "day": None}


def test_events_that_a_dump_brought_from_another_cluster_are_not_new_for_ever(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = outbox.open_cursor(reader, client)
    world.conn.execute(
        "INSERT INTO order_events (xid, tenant_id, order_id, type, via, occurred_at)"
        " VALUES ('999999999', %s, 1, 'placed', 'dump', now())",
        [tenant],
    )
    assert outbox.drain(reader, client, cursor).events == 0


def test_another_redis_than_the_one_that_signals_went_to_makes_everybody_resync(
    world: World, reader: psycopg.Connection, client: redis.Redis, embedded: Embedded
) -> None:
    tenant = world.tenant()
    cursor = outbox.open_cursor(reader, client)
    heartbeat.Heartbeat(reader, client).beat(cursor)
    client.delete(signals.log_key(tenant))
    heartbeat.Heartbeat(reader, client).beat(cursor)
    assert signals.newest_seq(client, tenant) == 0
    embedded.stop_redis()
    embedded.start_redis()
    heartbeat.Heartbeat(reader, client).beat(cursor)  # the run id is kept with the cursor, not in the process
    assert [list(signal.topics) for signal in _all(client, tenant)] == [["resync"]]


def test_celery_catches_up_only_while_nobody_leads(
    world: World, reader: psycopg.Connection, client: redis.Redis, service: Service
) -> None:
    world.tenant()
    assert doorbell.try_lead(reader)
    heartbeat.Heartbeat(reader, client).beat(outbox.open_cursor(reader, client))
    world.order(1)
    assert leadership.catch_up(service.database_url, client) is None
    reader.close()
    caught = leadership.catch_up(service.database_url, client)
    assert caught is not None
    assert caught.events == 1


def test_rows_of_another_cluster_are_no_news_when_this_one_reaches_their_ids(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.order(tenant, owner_id=ana, paid_at=world.now())
    (present,) = world.conn.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()  # type: ignore[misc]
    for table in ("order_events", "notifications"):  # as a dump brings them, from a cluster that is a little older
        world.conn.execute(f"UPDATE {table} SET xid = ({present} + 20 + id)::text::xid8")
    cursor = outbox.open_cursor(reader, client)
    for _ in range(60):
        world.conn.execute("SELECT pg_current_xact_id()")
        drained = outbox.drain(reader, client, cursor)
        cursor = drained.cursor
        assert drained.events == 0
    unseen = world.conn.execute(
        "SELECT count(*) FROM notifications WHERE NOT pg_visible_in_snapshot(xid, %s)", [cursor.snapshot]
    )
    assert unseen.fetchone() == (0,)


def test_a_published_cursor_that_is_none_says_nothing(
    world: World, reader: psycopg.Connection, client: redis.Redis
) -> None:
    tenant = world.tenant()
    first = outbox.open_cursor(reader, client)
    client.delete(signals.log_key(tenant))
    client.set(outbox.PUBLISHED_KEY, b"\xff of somebody else")
    assert outbox.open_cursor(reader, client).snapshot == first.snapshot
    assert signals.newest_seq(client, tenant) == 0, "nobody was told to resync"


def test_a_log_that_is_none_holds_up_no_tenant(world: World, reader: psycopg.Connection, client: redis.Redis) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    cursor = outbox.open_cursor(reader, client)
    client.delete(signals.log_key(first))
    client.set(signals.log_key(first), "somebody else's")
    one, two = world.order(first), world.order(second)
    assert outbox.drain(reader, client, cursor).signals == 2
    assert published(client, first)[-1].topics["orders"] == [one]
    assert published(client, second)[-1].topics["orders"] == [two]


def test_celery_takes_over_from_a_leader_that_holds_the_lock_and_gives_no_sign_of_life(
    world: World, reader: psycopg.Connection, client: redis.Redis, service: Service
) -> None:
    world.tenant()
    assert doorbell.try_lead(reader)
    outbox.open_cursor(reader, client)
    world.order(1)
    caught = leadership.catch_up(service.database_url, client)
    assert caught is not None
    assert caught.events == 1
    with pytest.raises(psycopg.errors.AdminShutdown):
        reader.execute("SELECT 1")


def test_a_long_transaction_elsewhere_holds_nobody_up_and_is_not_lost(
    world: World, reader: psycopg.Connection, client: redis.Redis, service: Service
) -> None:
    tenant = world.tenant()
    cursor = outbox.open_cursor(reader, client)
    with psycopg.connect(service.database_url) as slow:
        slow_order = World(slow).order(tenant, number="slow")
        quick_order = world.order(tenant, number="quick")
        drained = outbox.drain(reader, client, cursor)
        assert published(client, tenant)[-1].topics["orders"] == [quick_order]
        drained = outbox.drain(reader, client, drained.cursor)
        assert drained.events == 0
        slow.commit()
    outbox.drain(reader, client, drained.cursor)
    assert published(client, tenant)[-1].topics["orders"] == [slow_order]


def test_seq_rises_even_when_the_clock_does_not(client: redis.Redis) -> None:
    seqs = [signals.publish(client, 5, {"placed": None}, now_ms=now) for now in (1_000, 1_000, 400, 2_000)]
    assert seqs == [1_000, 1_001, 1_002, 2_000]
    assert [signal.seq for signal in signals.read_since(client, 5, 1_000) or []] == [1_001, 1_002, 2_000]


def test_the_log_says_when_it_does_not_reach_back(client: redis.Redis) -> None:
    assert signals.read_since(client, 5, 0) == []
    assert signals.read_since(client, 5, 77) is None, "an emptied Redis does not know what was missed"
    first = signals.publish(client, 5, {"placed": None})
    assert signals.read_since(client, 5, first) == []
    assert signals.read_since(client, 5, first - 1) is None
    assert signals.read_since(client, 5, first + 1) is None, "a log that forgot its end"


class Writer(threading.Thread):
    """Commits and rolls back at random; remembers what it committed."""

    def __init__(self, service: Service, tenant_id: int, seed: int, hold: threading.Event | None = None) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.service, self.tenant_id, self.seed, self.hold = service, tenant_id, seed, hold
        self.committed: set[int] = set()

    def run(self) -> None:
        with psycopg.connect(self.service.database_url) as conn:
            world = World(conn)
            for n in range(1 if self.hold else 25):
                orders = {
                    world.order(self.tenant_id, number=f"W{self.seed}-{n}-{m}")
                    for m in range(self.random.randint(1, 3))
                }
                if self.hold:
                    self.hold.wait(30)
                if self.random.random() < 0.3 and not self.hold:
                    conn.rollback()
                else:
                    conn.commit()
                    self.committed |= orders


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), writers=st.integers(2, 6))
def test_every_committed_event_is_signalled_and_no_other(
    seed: int, writers: int, world: World, reader: psycopg.Connection, client: redis.Redis, service: Service
) -> None:
    """Random concurrent transactions with rollbacks and one long writer, drained all the while."""
    slug = f"t{world.conn.execute('SELECT count(*) FROM tenants').fetchone()[0]}"  # type: ignore[index]
    tenant = world.tenant(slug)
    cursor = outbox.open_cursor(reader, client)
    client.delete(signals.log_key(tenant))
    release = threading.Event()
    threads = [Writer(service, tenant, seed * 100 + n) for n in range(writers)]
    long_writer = Writer(service, tenant, seed * 100 + 99, hold=release)
    for thread in (long_writer, *threads):
        thread.start()
    read = 0
    while any(thread.is_alive() for thread in threads):
        drained = outbox.drain(reader, client, cursor)
        cursor, read = drained.cursor, read + drained.events
    release.set()
    long_writer.join()
    read += outbox.drain(reader, client, cursor).events
    committed = long_writer.committed.union(*(thread.committed for thread in threads))
    said = [signal.topics["orders"] for signal in _all(client, tenant)]
    named = {order for ids in said for order in ids or ()}
    assert named == committed or (None in said and named < committed), "null is more than fifty orders in one drain"
    assert read == len(committed), "each event is read once"
