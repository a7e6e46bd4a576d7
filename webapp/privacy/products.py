"""Products with a name in them ("Engraving for Erika Mustermann"), as keys of the rollups: renamed, and their figures added."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .names import Names

# Table and the column of its time.
TABLES = (
    ("rollups_products_hourly", "hour"),
    ("rollups_products_daily", "day"),
    ("rollups_products_removed", "at"),
)
MAX_PRODUCTS = 200
_FIND = "SELECT DISTINCT product FROM {table} WHERE tenant_id = %(tenant)s AND product ~ %(loose)s LIMIT %(most)s"
_RENAME = """
WITH old AS (DELETE FROM {table} WHERE tenant_id = %(tenant)s AND product = %(product)s RETURNING *)
INSERT INTO {table} AS r (tenant_id, {at}, product, orders, paid_minor)
SELECT tenant_id, {at}, %(renamed)s, orders, paid_minor FROM old
ON CONFLICT (tenant_id, {at}, product)
DO UPDATE SET orders = r.orders + excluded.orders, paid_minor = r.paid_minor + excluded.paid_minor
"""


def rename(conn: psycopg.Connection[Any], tenant_id: int, names: Names) -> int:
    """Rename up to MAX_PRODUCTS products per table. Returns how many were renamed; 0 when no name is left."""
    count = 0
    for table, at in TABLES:
        for product in found(conn, tenant_id, names, table):
            values = {"tenant": tenant_id, "product": product, "renamed": names.replaced(product)}
            conn.execute(_RENAME.format(table=table, at=at).encode(), values)
            count += 1
    return count


def remaining(conn: psycopg.Connection[Any], tenant_id: int, names: Names) -> list[str]:
    return [table for table, _at in TABLES if found(conn, tenant_id, names, table)]


def found(conn: psycopg.Connection[Any], tenant_id: int, names: Names, table: str) -> list[str]:
    if names.is_user or not names.spellings:
        return []
    values = {"tenant": tenant_id, "loose": names.loose, "most": MAX_PRODUCTS}
    rows = conn.cursor(row_factory=tuple_row).execute(_FIND.format(table=table).encode(), values)
    return [product for (product,) in rows if names.found(product)]
