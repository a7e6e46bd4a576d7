"""A new time zone: the rollups are rebuilt once, at once, exactly, and whatever happens to the worker."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
import redis
from flask import Flask

from webapp.accounts import changes
from webapp.accounts.changes import TenantChange
from webapp.db import db
from webapp.events.topics import ROLLUPS, SETTINGS
from webapp.postgres import session
from webapp.rollups import rebuilds, refresh
from webapp.signals import publisher

from ..support.plain_count import assert_they_equal_a_plain_count
from ..support.world import Service, World

LATE = "2026-11-20T23:30:00Z"  # the 21st in Berlin, the 20th in New York
ROW = "SELECT started_at IS NOT NULL, finished_at IS NOT NULL, attempts, problem FROM rollup_rebuilds"


@pytest.fixture
def tenant(world: World, service: Service) -> int:
    tenant = world.tenant()
    owner = world.user(tenant)
    for n in range(8):
        world.order(tenant, 100 + n, owner_id=owner, placed_at=LATE, paid_at=f"2026-11-2{n}T10:00:00Z")
    world.order(tenant, 500, placed_at=LATE, paid_at=LATE, refunded_minor=200, refunded_at="2026-11-22T23:45:00Z")
    refresh.rebuild(service.database_url)
    return tenant


def move(app: Flask, timezone: str) -> None:
    with app.app_context():
        changes.change_tenant("acme", TenantChange(timezone=timezone))


def days(world: World) -> list[tuple[str, int, int]]:
    """Day, orders, revenue."""
    return world.conn.execute(
        "SELECT day::text, sum(orders)::int, sum(revenue_minor)::int FROM rollups_daily GROUP BY 1 ORDER BY 1"
    ).fetchall()


def test_a_change_of_the_zone_alone_requests_a_rebuild(app: Flask, world: World, tenant: int) -> None:
    with app.app_context():
        changes.change_tenant("acme", TenantChange(name="Other", timezone="Europe/Berlin"))
    assert world.conn.execute(ROW).fetchall() == []
    move(app, "America/New_York")
    assert world.conn.execute(ROW).fetchall() == [(False, False, 0, None)]


def test_a_rebuild_is_exact_and_runs_once(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int
) -> None:
    other = world.tenant("other")
    world.order(other, placed_at=LATE, paid_at=LATE)
    refresh.refresh(service.database_url)
    move(app, "America/New_York")
    assert rebuilds.run(service.database_url, redis_client) == 1
    assert_they_equal_a_plain_count(world.conn)
    assert world.conn.execute(ROW).fetchall() == [(True, True, 1, None)]
    assert world.conn.execute("SELECT hours_done = hours_total AND hours_done > 0 FROM rollup_rebuilds").fetchall() == [
        (True,)
    ]
    assert rebuilds.run(service.database_url, redis_client) == 0


def test_until_the_rebuild_past_days_show_the_old_zone(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int
) -> None:
    before = days(world)
    move(app, "America/New_York")
    world.order(tenant, 300, placed_at="2026-10-01T03:00:00Z", paid_at="2026-10-01T03:00:00Z")
    assert refresh.refresh(service.database_url) == set()
    assert days(world) == before
    rebuilds.run(service.database_url, redis_client)
    assert_they_equal_a_plain_count(world.conn)
    world.order(tenant, 300, placed_at="2026-10-01T03:00:00Z", paid_at="2026-10-01T03:00:00Z")
    assert refresh.refresh(service.database_url) == {tenant}, "refreshes go on"
    assert_they_equal_a_plain_count(world.conn)


def test_readers_see_the_old_figures_or_the_new_ones(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = days(world), []
    monkeypatch.setattr(refresh, "HOURS_PER_STEP", 1)
    move(app, "America/New_York")
    with session.connect(service.database_url, "rebuild", autocommit=True) as conn:
        refresh.rebuild_tenant(conn, tenant, lambda _done, _total: seen.append(days(world)), lambda: None)
    assert len(seen) > 5
    assert all(shown == before for shown in seen)
    assert days(world) != before


def test_an_attempt_that_ended_without_a_trace_is_repeated(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int
) -> None:
    move(app, "America/New_York")
    world.conn.execute("UPDATE rollup_rebuilds SET started_at = now(), attempts = 1, hours_done = 3, hours_total = 9")
    assert rebuilds.run(service.database_url, redis_client) == 1
    assert_they_equal_a_plain_count(world.conn)
    assert world.conn.execute(ROW).fetchall() == [(True, True, 2, None)]


def test_a_zone_that_changes_during_a_rebuild_is_rebuilt_again(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = refresh.rebuild_tenant
    zones = ["Asia/Tokyo"]

    def rebuild(
        conn: psycopg.Connection, tenant_id: int, report: rebuilds.progress.Progress, finish: Callable[[], None]
    ) -> None:
        def move_and_finish() -> None:
            if zones:
                move(app, zones.pop())
            finish()

        count(conn, tenant_id, report, move_and_finish)

    monkeypatch.setattr(refresh, "rebuild_tenant", rebuild)
    move(app, "America/New_York")
    assert rebuilds.run(service.database_url, redis_client) == 2
    assert_they_equal_a_plain_count(world.conn)


def test_no_refresh_runs_between_a_count_and_the_end_of_its_rebuild(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = refresh.rebuild_tenant

    def rebuild(
        conn: psycopg.Connection, tenant_id: int, report: rebuilds.progress.Progress, finish: Callable[[], None]
    ) -> None:
        def refresh_and_finish() -> None:
            world.order(tenant, 400, placed_at="2026-10-01T03:00:00Z", paid_at="2026-10-01T03:00:00Z")
            assert refresh.refresh(service.database_url) == set(), "it would move the cursor past this order"
            finish()

        count(conn, tenant_id, report, refresh_and_finish)

    monkeypatch.setattr(refresh, "rebuild_tenant", rebuild)
    move(app, "America/New_York")
    assert rebuilds.run(service.database_url, redis_client) == 1
    assert refresh.refresh(service.database_url) == {tenant}
    assert_they_equal_a_plain_count(world.conn)


def test_a_rebuild_that_fails_keeps_the_old_figures_and_is_requested_again(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int
) -> None:
    before = days(world)
    move(app, "America/New_York")
    world.conn.execute("ALTER TABLE rollups_daily ADD CONSTRAINT no_new CHECK (day > '2100-01-01') NOT VALID")
    assert rebuilds.run(service.database_url, redis_client) == 0
    (row,) = world.conn.execute(ROW).fetchall()
    assert (row[:3], "no_new" in row[3]) == ((True, False, rebuilds.MAX_ATTEMPTS), True)
    assert days(world) == before
    world.conn.execute("ALTER TABLE rollups_daily DROP CONSTRAINT no_new")
    assert rebuilds.run(service.database_url, redis_client) == 0, "only a manager's request begins it again"
    with app.app_context():
        changes.request_rebuild(db.session(), tenant)
        db.session.commit()
    assert rebuilds.run(service.database_url, redis_client) == 1
    assert_they_equal_a_plain_count(world.conn)


def test_managers_are_told_of_the_progress_and_all_of_the_end(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, tenant: int
) -> None:
    manager, admin = (world.user(tenant, f"{role.title()} Mia", role=role) for role in ("manager", "admin"))
    others = [world.user(tenant, f"{role.title()} Ana", role=role) for role in ("sales", "viewer")]
    move(app, "America/New_York")
    rebuilds.run(service.database_url, redis_client)
    log = [str(fields) for _id, fields in redis_client.xrange(publisher.log_key(tenant)) or ()]
    for user in (manager, admin):
        assert sum(SETTINGS in signal and f'"{user}"' in signal for signal in log) >= 2
    assert not any(f'"{user}"' in signal for signal in log for user in others)
    assert f'"{ROLLUPS}"' in log[-1]
