"""What the doorbell costs writers, and how long a change takes from commit to signal.

Commits a second at 1, 8 and 32 writers (pgbench), three ways in turn within each round, on one server:

- `ceiling`: orders, their event row and inbox, and no NOTIFY at all (doorbell.ring = off), nobody listening;
- `quiet`: Doorbell as it is, its listener running;
- `plain`: a NOTIFY a row, as the usual trigger does it, and a bare LISTEN loop.

Then the latency from commit to signal at 1, 100 and 2,000 changes a second, against a bare psycopg LISTEN loop that hears
a plain NOTIFY a row in the same run.
"""

from __future__ import annotations

from pathlib import Path

WRITERS = (1, 8, 32)
ROUNDS = 5
ROUND_SECONDS = 6
RATES = (1, 100, 2000)  # changes a second
LATENCY_SECONDS = {1: 20, 100: 8, 2000: 6}
ROOT = Path(__file__).parent.parent
MOST_OF_CEILING = 0.90
MOST_LATENCY = 3.0

# A shop's write: one order is placed, one order's event, committed.
PLACE = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
VALUES (1, gen_random_uuid()::text, 'Bench', 'EUR', 1000);
"""
PLAIN = """
CREATE FUNCTION plain_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('plain', NEW.id::text); RETURN NULL; END $$;
CREATE TRIGGER plain_notify AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION plain_notify();
"""
