"""The writer of the soak: orders are placed, paid, shipped and edited at a steady rate, each change in its own transaction."""

from __future__ import annotations

import random
import threading
import time
from itertools import count, cycle

import psycopg

PLACE = """
INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor)
SELECT t.id, 'SOAK-' || %(number)s, 'Customer ' || %(number)s,
       (SELECT id FROM users WHERE tenant_id = t.id AND role = 'sales' ORDER BY random() LIMIT 1), t.currency, %(total)s
FROM tenants t WHERE t.id = %(tenant)s
"""
NEWEST = "(SELECT id FROM orders WHERE tenant_id = %(tenant)s AND status = '{}' ORDER BY placed_at DESC LIMIT 1)"
PAY = f"UPDATE orders SET paid_at = now() WHERE tenant_id = %(tenant)s AND id = {NEWEST.format('placed')}"
SHIP = f"UPDATE orders SET shipped_at = now() WHERE tenant_id = %(tenant)s AND id = {NEWEST.format('paid')}"
EDIT = f"UPDATE orders SET total_minor = %(total)s WHERE tenant_id = %(tenant)s AND id = {NEWEST.format('placed')}"
# In this order, again and again: as many are paid and shipped as are placed.
STEPS = (PLACE, EDIT, PAY, PLACE, SHIP, PAY, EDIT, SHIP, PLACE, EDIT, PAY, SHIP)


class Writer:
    """A thread during the block. `changes` is the number of transactions so far."""

    def __init__(self, url: str, tenant: int, rate: float) -> None:
        self._url, self._tenant, self._rate = url, tenant, rate
        self.changes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        chance = random.Random(1904)
        began = time.monotonic()
        with psycopg.connect(self._url, autocommit=True, application_name="soak") as conn:
            for number, step in zip(count(1), cycle(STEPS), strict=False):
                if self._stop.wait(max(0.0, began + number / self._rate - time.monotonic())):
                    return
                total = chance.randrange(1_000, 90_000)
                conn.execute(step, {"tenant": self._tenant, "number": number, "total": total})
                self.changes += 1
