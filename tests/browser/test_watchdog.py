"""Slow faults: a busy shop whose processes die in turn, and a server that falls silent. The page ends up right."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import psycopg
import pytest
from playwright.sync_api import expect

from webapp.embedded import Embedded

from ..processes import Doorbell, eventually
from ..world import Service, World
from .conftest import Sign

pytestmark = [pytest.mark.browser, pytest.mark.faults]

ROUND_SECONDS = 6


class Shop(threading.Thread):
    """Places, pays and ships about 20 orders a second by plain SQL, whatever happens to the servers."""

    def __init__(self, service: Service, tenant_id: int, owner_id: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.service, self.tenant_id, self.owner_id, self.seed = service, tenant_id, owner_id, seed
        self.closed = threading.Event()

    def run(self) -> None:
        while not self.closed.is_set():
            try:
                with psycopg.connect(self.service.database_url, autocommit=True, connect_timeout=2) as conn:
                    self._trade(conn)
            except psycopg.Error:
                self.closed.wait(0.2)

    def _trade(self, conn: psycopg.Connection) -> None:
        chance = random.Random(self.seed)
        while not self.closed.wait(0.05):
            conn.execute(
                "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor)"
                " VALUES (%s, gen_random_uuid()::text, 'Soak', %s, 'EUR', %s)",
                [self.tenant_id, self.owner_id, chance.randint(100, 90_000)],
            )
            conn.execute(
                "UPDATE orders SET paid_at = coalesce(paid_at, now()),"
                "   shipped_at = CASE WHEN paid_at IS NOT NULL THEN now() END"
                " WHERE id = (SELECT id FROM orders WHERE customer = 'Soak' AND shipped_at IS NULL ORDER BY random() LIMIT 1"
                " FOR UPDATE SKIP LOCKED)"
            )


def test_the_page_equals_the_database_after_every_process_has_died_in_turn(
    world: World, service: Service, embedded: Embedded, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    screen = sign_in(ana).open()
    shops = [Shop(service, tenant, ana, seed) for seed in range(2)]
    for shop in shops:
        shop.start()

    def listener_dies() -> None:
        doorbell.listener.kill()
        doorbell.listener.start()

    def web_dies() -> None:
        doorbell.web.kill()
        doorbell.start_web()

    def redis_dies() -> None:
        embedded.stop_redis(9)
        embedded.start_redis()

    faults = (listener_dies, web_dies, redis_dies, lambda: embedded.restart_postgres("immediate"), listener_dies)
    for fault in faults:
        ends = time.monotonic() + ROUND_SECONDS
        fault()
        while time.monotonic() < ends:
            screen.page.wait_for_timeout(200)  # the shop trades on, and the page lives
    for shop in shops:
        shop.closed.set()
        shop.join()

    with psycopg.connect(service.database_url) as conn:
        row = conn.execute(
            "SELECT sum(total_minor) FILTER (WHERE paid_at IS NOT NULL), count(*),"
            " (SELECT count(*) FROM notifications WHERE read_at IS NULL),"
            " (SELECT count(*) FROM order_events WHERE type IN ('paid', 'shipped') AND via <> 'psql') FROM orders"
        ).fetchone()
    assert row is not None
    revenue, orders, unread, told = row
    assert told > 200, "the shop was busy"
    eventually(lambda: f"€{revenue / 100:,.2f}" in screen.panel("revenue"), 30)
    eventually(lambda: screen.panel("orders_today").split()[0] == f"{orders:,}", 30)
    assert unread == told, "each payment and shipment was told once"
    assert screen.was_not_reloaded()


def test_the_watchdog_notices_a_stream_that_fell_silent(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    """A stopped server keeps its connections open and says nothing: only the missing beat tells."""
    screen = sign_in(ana).open()
    os.killpg(doorbell.web.pid, signal.SIGSTOP)
    try:
        expect(screen.page.locator("#live-words")).not_to_have_text("Live", timeout=60_000)
        world.conn.execute("UPDATE orders SET customer = 'While it was silent' WHERE number = 'S1'")
    finally:
        os.killpg(doorbell.web.pid, signal.SIGCONT)
    expect(screen.page.locator("#recent_orders")).to_contain_text("While it was silent", timeout=40_000)
    expect(screen.page.locator("#live-words")).to_have_text("Live", timeout=40_000)
    assert screen.was_not_reloaded()
