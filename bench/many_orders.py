"""Databases with many orders of one tenant, for the benchmarks of search and panels. SQL makes all of them.

A thousand orders per day, evenly spread up to now, and written in the order in which they were placed. In a busy
database the last two days have a hundred thousand more each. A steady database has ten thousand on each day, and two lines
per order of the last days. Names are as unevenly frequent as real ones, and some are
special:

- "gmbh" is in half of the orders, "müller" in about 1 %, never both;
- "zzyzx" has three orders, one of them among the oldest; "qqq" has none;
- "nordmarkt" has every second order of a time long ago, and none since;
- each "kunde 123456" has one order;
- numbers count up from 1, so those that begin with 15 are close together, long ago.

With BENCH_DATA=directory the server and its databases are kept there for the next run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import flask_migrate
import psycopg
from flask import Flask

from webapp import create_app
from webapp.config import Config
from webapp.launcher.embedded import Embedded
from webapp.rollups.refresh import ROLLUPS

COUNTS = (100_000, 1_000_000, 10_000_000)
PER_DAY, STEADY_PER_DAY, BUSY_PER_DAY = 1_000, 10_000, 100_000
STEADY_COUNT = 1_000_000
STEP = 1_000_000  # orders per transaction
SALESPEOPLE, PRODUCTS = 40, 300
LINE_DAYS = 35  # with lines, in a steady database
# Unread notifications of the first salesperson.
NOTIFICATIONS = 100_000
SETTINGS = {"shared_buffers": "2GB", "max_wal_size": "20GB", "wal_level": "minimal", "max_wal_senders": "0"}

# Names are built from syllables. Powers of a random number make a few frequent and most rare.
PREPARE = f"""
CREATE FUNCTION pg_temp.pick(syllables text, power float) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT parts[1 + floor(cardinality(parts) * pow(random(), power))::int] FROM string_to_array(syllables, ' ') AS parts
$$;
INSERT INTO tenants (slug, name, timezone, currency, locale) VALUES ('acme', 'Acme', 'UTC', 'EUR', 'en_GB');
INSERT INTO users (tenant_id, name, email)
SELECT 1, (ARRAY['Ana','Ben','Cem','Dana','Eva','Finn','Gül','Hugo','Ida','Jan'])[1 + n % 10] || ' '
          || (ARRAY['Silva','Okafor','Yılmaz','Meyer'])[1 + n / 10], 'person' || n || '@example.com'
FROM generate_series(0, {SALESPEOPLE} - 1) AS n;
INSERT INTO rollups_daily (tenant_id, day, owner_id, orders, paid_orders, revenue_minor)
SELECT 1, current_date - ago, owner_id, 100, 90, 1000000
FROM generate_series(0, 400) AS ago, generate_series(1, {SALESPEOPLE}) AS owner_id;
INSERT INTO rollups_products_daily (tenant_id, day, product, orders, paid_minor)
SELECT 1, current_date - ago, 'Product ' || kind, 60, 40000
FROM generate_series(0, 400) AS ago, generate_series(0, {PRODUCTS} - 1) AS kind"""

ORDERS = """
INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, refunded_minor,
                    placed_at, paid_at, shipped_at, cancelled_at, source)
SELECT 1, %(prefix)s || n,
       CASE WHEN n IN (7, %(count)s / 2, %(count)s - 90) THEN 'Zzyzx Trading'
            WHEN n < %(count)s / 5 AND n > %(count)s / 10 AND n %% 2 = 0 THEN 'Nordmarkt EU'
            WHEN n %% 20 = 1 THEN 'Kunde ' || n
            WHEN n %% 97 = 0 THEN 'Müller ' || (ARRAY['Anna','Jörg','Uwe','Änne'])[1 + n / 97 %% 4]
            WHEN n %% 2 = 0 THEN last || (ARRAY[' Bau',' Handel',' Technik',' & Söhne',' Logistik'])[1 + n / 2 %% 5] || ' GmbH'
            ELSE first || ' ' || last END,
       CASE WHEN n %% 5 = 0 THEN 1 ELSE 1 + n %% %(people)s END,
       'EUR', 1000 + n %% 90000, CASE WHEN n %% 100 = 3 THEN 500 ELSE 0 END, at,
       CASE WHEN n %% 10 <> 9 THEN at + interval '1 hour' * (n %% 7) END,
       CASE WHEN n %% 10 < 8 THEN at + interval '1 day' END,
       CASE WHEN n %% 40 = 19 THEN at + interval '1 hour' END, 'bench'
FROM (
    SELECT n, now() - (%(count)s - n) * interval '1 day' / %(per_day)s AS at,
           initcap(pg_temp.pick('an be ca da el fi ge ha in jo ka li ma no ol pa ro si ti vi', 2)
               || pg_temp.pick('na ra la ta no ri lo mi se da', 1) || pg_temp.pick(' s n tte lia rd r', 1)) AS first,
           initcap(pg_temp.pick('schm mey fisch web wagn beck hoff koch baue richt kle wolf neum brau krug hart lang', 3)
               || pg_temp.pick('er idt el in au or ig ent ar as', 2)
               || pg_temp.pick(' s mann berg stein feld bach hof ow ski ic ke le', 1)) AS last
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
) AS made"""

# The panels read the refunds of two days and the last event of the newest orders.
EVENTS = f"""
INSERT INTO order_events (tenant_id, order_id, type, owner_id, via, amount_minor, new_values, occurred_at)
SELECT 1, id, kind, owner_id, 'bench', CASE kind WHEN 'refunded' THEN refunded_minor ELSE total_minor END,
       jsonb_build_object('status', status), placed_at
FROM orders CROSS JOIN unnest(ARRAY['placed', 'refunded']) AS kind
WHERE number LIKE %(like)s
  AND CASE kind WHEN 'refunded' THEN refunded_minor > 0 ELSE placed_at > now() - interval '3 days' END;
INSERT INTO notifications (tenant_id, user_id, order_id, event_id, type)
SELECT 1, 1, id, id, 'paid' FROM (SELECT id FROM orders ORDER BY id DESC LIMIT {NOTIFICATIONS}) AS newest
ON CONFLICT DO NOTHING"""

# Prices of a few products are frequent, as in a real shop.
LINES = f"""
INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)
SELECT 1, id, line, 'S' || kind, 'Product ' || kind, 1 + (id + line) % 3, 500 + kind * 7,
       (1 + (id + line) % 3) * (500 + kind * 7)
FROM (SELECT id, line, floor({PRODUCTS} * pow(random(), 2))::int AS kind FROM orders, generate_series(1, 2) AS line
      WHERE tenant_id = 1 AND placed_at > now() - interval '{LINE_DAYS} days' ORDER BY id, line) AS made"""

INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'orders'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"""


class ManyOrders:
    """A server with these databases, which is removed afterwards unless BENCH_DATA is set."""

    def __enter__(self) -> ManyOrders:
        self._kept = os.environ.get("BENCH_DATA")
        self._directory = Path(self._kept or tempfile.mkdtemp(prefix="doorbell-bench-"))
        self._directory.mkdir(exist_ok=True)
        self._directory.chmod(0o755)
        self._services = Embedded(self._directory, fast=True)
        self._services.start()
        with psycopg.connect(self._services.database_url, autocommit=True) as conn:
            for name, value in SETTINGS.items():
                conn.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self._services.postgres.restart()
        app = self.app(self._services.database_url)
        with app.app_context():
            flask_migrate.upgrade()
            app.extensions["sqlalchemy"].engine.dispose()
        return self

    def __exit__(self, *_error: object) -> None:
        self._services.stop()
        if not self._kept:
            shutil.rmtree(self._directory, ignore_errors=True)

    def app(self, url: str) -> Flask:
        env = {"DATABASE_URL": url, "REDIS_URL": self._services.redis_url, "SECRET_KEY": "b" * 40}
        return create_app(Config.from_env({**os.environ, **env}))

    def database(self, count: int, busy: bool = False, steady: bool = False) -> str:
        """The URL of a database with `count` orders, which is made if it does not exist."""
        name = f"orders_{count}{'_busy' if busy else '_steady' if steady else ''}"
        url = self._services.database_url.replace("/doorbell?", f"/{name}?")
        admin = self._services.database_url.replace("/doorbell?", "/postgres?")
        if busy:
            self.database(count)
        with psycopg.connect(admin, autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                template = f"orders_{count}" if busy else "doorbell"
                conn.execute(f"DROP DATABASE IF EXISTS {name}_unfinished")
                conn.execute(f"CREATE DATABASE {name}_unfinished TEMPLATE {template} STRATEGY file_copy")
                _fill(url.replace(f"/{name}?", f"/{name}_unfinished?"), count, busy, steady)
                conn.execute(f"ALTER DATABASE {name}_unfinished RENAME TO {name}")
        return url


def _fill(url: str, count: int, busy: bool, steady: bool) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("SET maintenance_work_mem = '1GB'")
        conn.execute(PREPARE if not busy else PREPARE.partition("INSERT INTO tenants")[0])
        conn.execute("SELECT setseed(0.5)")
        if busy:
            _orders(conn, "B", 2 * BUSY_PER_DAY, BUSY_PER_DAY)
        else:
            indexes = conn.execute(INDEXES).fetchall()
            for name, _ in indexes:
                conn.execute(f"DROP INDEX {name}")
            _orders(conn, "", count, STEADY_PER_DAY if steady else PER_DAY)
            for _, definition in indexes:
                conn.execute(definition)
        conn.cursor().execute(EVENTS.replace("%(like)s", "'B%'" if busy else "'%'"))
        if steady:
            conn.execute(LINES)
        for table in (
            "orders",
            "order_lines",
            "order_events",
            "notifications",
            "rollups_daily",
            "rollups_products_daily",
        ):
            conn.execute(f"VACUUM ANALYZE {table}")
        # The rollups have read all events but those of later transactions.
        ROLLUPS.save(conn, ROLLUPS.present(conn))


def _orders(conn: psycopg.Connection, prefix: str, count: int, per_day: int) -> None:
    values = {"prefix": prefix, "count": count, "per_day": per_day, "people": SALESPEOPLE}
    for first in range(1, count + 1, STEP):
        conn.execute(ORDERS, {**values, "first": first, "last": min(first + STEP - 1, count)})
