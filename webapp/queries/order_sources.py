"""The sources of a tenant's orders: "form", "import", a shop's name, an attached table."""

from __future__ import annotations

from sqlalchemy import text

from ..db import db

MAX_SOURCES = 100

# Reads one entry of ix_orders_source_total per source.
SQL = text("""
    WITH RECURSIVE sources AS (
        (SELECT source, 1 AS n FROM orders WHERE tenant_id = :tenant ORDER BY source LIMIT 1)
        UNION ALL
        SELECT (SELECT o.source FROM orders o WHERE o.tenant_id = :tenant AND o.source > s.source ORDER BY o.source LIMIT 1),
               s.n + 1
        FROM sources s WHERE s.source IS NOT NULL AND s.n < :most
    )
    SELECT source FROM sources WHERE source IS NOT NULL
""")


def read(tenant_id: int) -> list[str]:
    """The sources in their order, at most MAX_SOURCES."""
    return list(db.session.execute(SQL, {"tenant": tenant_id, "most": MAX_SOURCES}).scalars())
