"""Samples of how many orders are to be shipped, for the comparison with the same time on earlier days (queries/to_ship.py)."""

from __future__ import annotations

from ..postgres import session
from ..queries.to_ship import MAX_COUNT

SAMPLE_SECONDS = 600
KEPT_DAYS = 9

# Served by ix_orders_status. A second run in the same interval changes nothing.
_SAMPLE = """
INSERT INTO to_ship_samples (tenant_id, at, orders)
SELECT t.id, to_timestamp(floor(extract(epoch FROM now()) / %(seconds)s) * %(seconds)s), found.orders
FROM tenants t CROSS JOIN LATERAL (
    SELECT count(*) AS orders FROM (SELECT FROM orders WHERE tenant_id = t.id AND status = 'paid' LIMIT %(most)s) AS counted
) AS found
ON CONFLICT (tenant_id, at) DO NOTHING
"""
_REMOVE = "DELETE FROM to_ship_samples WHERE at < now() - make_interval(days => %s)"


def sample(database_url: str) -> int:
    """Count for each tenant, once per interval, and remove old samples. Returns the new samples. Raises psycopg.Error."""
    with session.connect(database_url, "doorbell rollups", autocommit=True) as conn:
        added = conn.execute(_SAMPLE, {"seconds": SAMPLE_SECONDS, "most": MAX_COUNT}).rowcount
        conn.execute(_REMOVE, [KEPT_DAYS])
    return added
