"""The cursor over crashes, second workers, failovers and restores: nothing is lost, and repeats have the same ids."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
import redis

from webapp.relay import lease, receipts
from webapp.relay.lease import Fenced, Lease
from webapp.relay.worker import RelayWorker

from ..support.relay import Relay, entries, event_ids
from ..support.world import World

MANY = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
SELECT %s, 'N' || n, 'Many', 'EUR', n FROM generate_series(1, %s) n
"""


def test_two_workers_of_one_destination_send_each_event_once(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    destination = relay.add()
    world.conn.execute(MANY, [acme, 3000])
    other = RelayWorker(relay.config)
    threads = [threading.Thread(target=worker.run, args=[destination.id]) for worker in (relay.worker, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    relay.run()
    assert event_ids(redis_client) == [event["id"] for event in world.events()]
    assert relay.find().sent == 3000


def test_a_second_worker_waits_for_the_lease_and_gets_it_at_the_end_of_the_first(relay: Relay, acme: int) -> None:
    destination = relay.add()
    with psycopg.connect(relay.config.database_url, autocommit=True) as other:
        with lease.held(relay.conn, destination.id, "first") as first:
            assert first is not None
            other.execute("SET lock_timeout = '50ms'")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(lease, "WAIT_SECONDS", 0.05)
                with lease.held(other, destination.id, "second") as second:
                    assert second is None
        with lease.held(other, destination.id, "second") as second:
            assert second is not None
            assert second.fence == first.fence + 1


def test_a_worker_that_lost_its_lease_can_write_nothing(relay: Relay, world: World, acme: int) -> None:
    destination = relay.add()
    relay.run()
    (fence,) = relay.conn.execute("SELECT fence FROM relay_destinations").fetchone() or (0,)
    Lease(destination.id, fence).check(relay.conn)
    with pytest.raises(Fenced):
        Lease(destination.id, fence - 1).update(relay.conn, "next_sequence = 1000")


# With several pages, the second one is being sent while the cursor of the first one is saved.
@pytest.mark.parametrize(("events", "sent"), [(20, 20), (2500, 2000)])
def test_a_page_whose_session_ends_before_it_is_saved_is_sent_again_and_is_there_once(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis, events: int, sent: int
) -> None:
    relay.add()
    world.order(acme)
    relay.run()
    world.conn.execute(MANY, [acme, events])
    # The page is sent, then its INSERT INTO relay_receipts ends the session, as a crash of the worker would.
    world.conn.execute(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
    )
    world.conn.execute("CREATE TRIGGER crash BEFORE INSERT ON relay_receipts FOR EACH ROW EXECUTE FUNCTION crash()")
    with pytest.raises(psycopg.OperationalError):
        relay.run()
    assert len(entries(redis_client)) == 1 + sent
    assert relay.find().sent == 1
    world.conn.execute("DROP TRIGGER crash ON relay_receipts")
    relay.run()
    assert event_ids(redis_client) == [event["id"] for event in world.events()]
    assert relay.find().sent == 1 + events


def _set(relay: Relay, table: str, assignment: str, values: list[Any] | None = None) -> None:
    relay.conn.execute(f"UPDATE {table} SET {assignment}".encode(), values)


def test_a_page_under_way_when_the_worker_stops_is_awaited_and_saved(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.add()
    world.conn.execute(MANY, [acme, 3000])
    write = receipts.write

    def stop_and_write(*arguments: Any) -> None:
        # The first page is acknowledged, and the second one is being sent.
        relay.worker.stop()
        write(*arguments)

    monkeypatch.setattr(receipts, "write", stop_and_write)
    relay.run()
    assert relay.find().sent == len(entries(redis_client)) == 2000
    assert relay.find().reader.unread(relay.conn, limit=5000).events == 1000


def test_after_a_failover_reading_continues_in_a_new_incarnation(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    world.order(acme)
    relay.run()
    _set(relay, "outbox_readers", "timeline = 77")
    world.order(acme)
    relay.run()
    assert event_ids(redis_client) == [event["id"] for event in world.events()]
    assert [event["incarnation"] for event in entries(redis_client)] == ["1", "2"]


def test_after_a_restore_to_an_earlier_time_new_events_are_not_taken_for_repeats(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    for _order in range(3):
        world.order(acme)
    relay.run()
    # The database forgot that two messages were sent; the stream did not.
    _set(relay, "relay_destinations", "next_sequence = 2")
    for _order in range(2):
        world.order(acme)
    relay.run()
    assert event_ids(redis_client) == [event["id"] for event in world.events()]
    assert [event["incarnation"] for event in entries(redis_client)] == ["1", "1", "1", "2", "2"]


def test_in_another_cluster_the_last_hour_is_sent_again_with_the_same_ids(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    world.order(acme)
    relay.run()
    # As a dump brings it: of another cluster, and with xids that this one has not reached.
    _set(relay, "outbox_readers", "system_identifier = 1, snapshot = '999999999:999999999:'")
    _set(relay, "order_events", "xid = '999999998'")
    world.order(acme)
    relay.run()
    first, again, new = entries(redis_client)
    assert first["id"] == again["id"]
    assert first["id"] != new["id"]
    assert [event["incarnation"] for event in (first, again, new)] == ["1", "2", "2"]
    relay.run()
    assert len(entries(redis_client)) == 3
