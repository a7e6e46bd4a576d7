"""Orders of some days with everything that a figure must get right, at moments near clock changes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from .figures import refund
from .world import World

# A usual day, the days of both clock changes, a change at midnight, one by half an hour, and a calendar that is ahead.
DAYS = [
    ("Europe/Berlin", "2026-06-10 10:00"),
    ("Europe/Berlin", "2026-03-29 15:00"),
    ("Europe/Berlin", "2026-10-25 15:00"),
    ("America/Havana", "2026-03-08 18:00"),
    ("Australia/Lord_Howe", "2026-04-05 03:00"),
    ("Pacific/Kiritimati", "2026-06-10 20:00"),
]


def place_varied_orders(world: World, tenant_id: int, now: datetime) -> None:
    """Orders over days and in the future: unassigned, of a disabled user, cancelled, refunded in part, in full and back."""
    rng = random.Random(str(now))
    people = [world.user(tenant_id, name) for name in ("Ana Silva", "Ben Okafor", "Cem Left")]
    world.conn.execute("UPDATE users SET disabled_at = now() WHERE id = %s", [people[2]])

    def moment(hours: int = 30) -> datetime:
        return now + timedelta(minutes=rng.randint(-84 * 60, hours * 60))

    for _ in range(160):
        placed = moment()
        columns: dict[str, Any] = {"owner_id": rng.choice([*people, None])}
        for name, share in (("paid_at", 0.8), ("shipped_at", 0.4), ("cancelled_at", 0.1)):
            if rng.random() < share:
                columns[name] = placed + timedelta(minutes=rng.randint(0, 2400))
        total = rng.randint(2, 90_000)
        order = world.order(tenant_id, total, placed_at=placed, **columns)
        if "paid_at" in columns and rng.random() < 0.4:
            first = rng.choice((1, total - 1, total))
            refund(world, order, first, moment().isoformat())
            if first < total and rng.random() < 0.5:
                refund(world, order, total - first, moment().isoformat())
            if rng.random() < 0.2:
                refund(world, order, -1, moment().isoformat())
