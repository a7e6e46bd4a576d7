"""Targets, holidays and the usual course of a day, by plain SQL."""

from __future__ import annotations

from datetime import date, timedelta

from .world import World


def target(world: World, tenant_id: int, period: str, amount_minor: int, owner: int | None = None) -> None:
    world.conn.execute(
        "INSERT INTO sales_targets (tenant_id, owner_id, period, amount_minor) VALUES (%s, %s, %s, %s)",
        [tenant_id, owner, period, amount_minor],
    )


def holiday(world: World, tenant_id: int, day: str, name: str) -> None:
    world.conn.execute("INSERT INTO holidays VALUES (%s, %s, %s)", [tenant_id, day, name])


def course(world: World, tenant_id: int, today: date, days: int, hours: dict[int, int]) -> None:
    """Replace the rollups: the revenue per hour of the clock on each of the `days` before `today`."""
    for table in ("rollups_hourly", "rollups_daily"):
        world.conn.execute(f"DELETE FROM {table} WHERE tenant_id = {tenant_id}")
    for n in range(1, days + 1):
        day = today - timedelta(days=n)
        total = [tenant_id, day, 0, 1, 1, sum(hours.values())]
        world.conn.execute("INSERT INTO rollups_daily VALUES (%s, %s, %s, %s, %s, %s)", total)
        for hour, amount in hours.items():
            values = [tenant_id, f"{day} {hour:02d}:00", 0, 1, 1, amount]
            world.conn.execute("INSERT INTO rollups_hourly VALUES (%s, %s, %s, %s, %s, %s)", values)
