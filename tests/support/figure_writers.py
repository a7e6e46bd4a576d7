"""Writers that place, pay and refund orders all the time, while others read figures."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator, Sequence

import psycopg

from .world import Service

WRITERS = 2


class FigureWriters:
    """`changes` counts the transactions."""

    def __init__(self, service: Service, tenant: int, owners: Sequence[int]) -> None:
        self._service, self._tenant, self._owners = service, tenant, owners
        self.stopped = threading.Event()
        self.changes = 0

    def write(self, seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(self._service.database_url, autocommit=True) as conn:
            while not self.stopped.wait(0.005):
                self._change(conn, chance, seed)
                self.changes += 1

    def _change(self, conn: psycopg.Connection, chance: random.Random, seed: int) -> None:
        number = f"W{seed}-{self.changes}-{chance.random()}"
        values = [self._tenant, number, chance.choice(self._owners), chance.randint(1, 999), chance.random() < 0.8]
        conn.execute(
            "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, paid_at)"
            " VALUES (%s, %s, 'Toms', %s, 'EUR', %s, CASE WHEN %s THEN now() END)",
            values,
        )
        if chance.random() < 0.4:
            conn.execute(
                "UPDATE orders SET refunded_minor = refunded_minor + 1 WHERE id = (SELECT id FROM orders"
                " WHERE tenant_id = %s AND paid_at IS NOT NULL AND refunded_minor + 1 < total_minor"
                " ORDER BY random() LIMIT 1)",
                [self._tenant],
            )


@contextlib.contextmanager
def figure_writers(service: Service, tenant: int, owners: Sequence[int]) -> Iterator[FigureWriters]:
    """The writers run during the block."""
    writers = FigureWriters(service, tenant, owners)
    threads = [threading.Thread(target=writers.write, args=[n]) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.stopped.set()
        for thread in threads:
            thread.join()
