"""The rollups equal a plain count with concurrent writers and runs, and after random changes."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest

from webapp.rollups import refresh

from ..support.order_lines import add_line
from ..support.plain_count import DAILY, HOURLY, assert_they_equal_a_plain_count
from ..support.world import Service, World


def test_concurrent_runs_and_writers_end_with_correct_rollups(service: Service, world: World) -> None:
    tenant = world.tenant()
    errors: list[Exception] = []
    done = threading.Event()

    def keep_counting() -> None:
        while not done.is_set():
            try:
                refresh.refresh(service.database_url)
            except Exception as error:
                errors.append(error)

    counters = [threading.Thread(target=keep_counting) for _ in range(3)]
    for counter in counters:
        counter.start()
    for _ in range(60):
        order = world.order(tenant, paid_at="2026-03-02 12:00+00")
        world.change(order, refunded_minor=10, placed_at="2026-03-01 12:00+00")
    done.set()
    for counter in counters:
        counter.join()
    assert errors == []
    refresh.refresh(service.database_url)
    assert_they_equal_a_plain_count(world.conn)


def _moment(rng: random.Random) -> str:
    """A time near one of Berlin's clock changes in 2026, so that hours are shared, skipped and repeated."""
    middle = rng.choice([datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)])
    return (middle + timedelta(minutes=rng.randint(-2000, 2000))).isoformat()


# Each as often as it is named.
_KINDS = ["place", "place", "pay", "pay", "refund", "cancel", "edit", "reassign", "lines", "lines", "price", "delete"]


def _change_something(world: World, tenants: dict[int, list[int | None]], rng: random.Random) -> None:
    tenant = rng.choice(list(tenants))
    owner = rng.choice(tenants[tenant])
    found = world.conn.execute(
        "SELECT id FROM orders WHERE tenant_id = %s ORDER BY random() LIMIT 1", [tenant]
    ).fetchone()
    kind = rng.choice(_KINDS)
    if kind == "place" or found is None:
        world.order(tenant, rng.randint(1, 900), placed_at=_moment(rng), owner_id=owner)
    elif kind == "pay":
        world.change(found[0], paid_at=_moment(rng))
    elif kind == "lines":
        add_line(world, tenant, found[0], rng.choice(["Tea", "Cup", "Pot"]), rng.randint(0, 900))
    elif kind == "price":
        world.conn.execute(
            rng.choice(
                (
                    "UPDATE order_lines SET product = 'Tray', total_minor = total_minor + 1 WHERE order_id = %s",
                    "DELETE FROM order_lines WHERE order_id = %s AND position = 1",
                )
            ),
            found,
        )
    elif kind == "refund":
        world.conn.execute(
            "UPDATE orders SET refunded_minor = total_minor / 2 WHERE id = %s AND paid_at IS NOT NULL", found
        )
    elif kind == "cancel":
        world.change(found[0], cancelled_at=rng.choice([None, _moment(rng)]))
    elif kind == "edit":
        world.change(found[0], placed_at=_moment(rng), total_minor=rng.randint(900, 2000))
    elif kind == "reassign":
        world.change(found[0], owner_id=owner)
    else:
        world.conn.execute("DELETE FROM orders WHERE id = %s", found)


@pytest.mark.parametrize("seed", range(4))
def test_incremental_refreshes_equal_a_plain_count_and_a_rebuild(service: Service, world: World, seed: int) -> None:
    rng = random.Random(seed)
    tenants: dict[int, list[int | None]] = {}
    for slug, zone in (("berlin", "Europe/Berlin"), ("kolkata", "Asia/Kolkata"), ("howe", "Australia/Lord_Howe")):
        tenant = world.tenant(slug, timezone=zone)
        tenants[tenant] = [None, world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")]
    for _ in range(12):
        for _ in range(rng.randint(0, 25)):
            _change_something(world, tenants, rng)
        refresh.refresh(service.database_url)
        assert_they_equal_a_plain_count(world.conn)
    incremental = world.conn.execute(HOURLY).fetchall(), world.conn.execute(DAILY).fetchall()
    assert incremental[0], "the orders left something to count"
    refresh.rebuild(service.database_url)
    assert (world.conn.execute(HOURLY).fetchall(), world.conn.execute(DAILY).fetchall()) == incremental
