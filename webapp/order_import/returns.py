"""Returns: rows with a negative total, which become refunds of their order.

import_returns   the rows of returns, moved from import_lines, so that the lines of an order are what was sold
"""

from __future__ import annotations

import psycopg

TABLE = "CREATE TEMP TABLE import_returns (LIKE import_lines)"
TAKE = """
WITH taken AS (DELETE FROM import_lines WHERE total_minor < 0 RETURNING *)
INSERT INTO import_returns SELECT * FROM taken"""
REFUND = """
UPDATE import_orders o
SET refunded_minor = r.minor, first_line = least(o.first_line, r.first_line), rows = o.rows + r.rows,
    reason = coalesce(o.reason, nullif(concat_ws('; ',
        CASE WHEN r.minor > o.total_minor THEN 'the refunds are more than the total' END,
        CASE WHEN o.paid_at IS NULL THEN 'the order has a refund but was never paid' END), ''))
FROM (
    SELECT number COLLATE "default" AS number, min(line) AS first_line, count(*) AS rows, sum(-total_minor)::bigint AS minor
    FROM import_returns GROUP BY number
) AS r
WHERE r.number = o.number AND r.minor > o.refunded_minor"""
ALONE = """
INSERT INTO import_orders (number, first_line, rows, lines, refunded_minor, reason)
SELECT number COLLATE "default", min(line), count(*), 0, sum(-total_minor), 'a refund of an order that is not in this file'
FROM import_returns r
WHERE NOT EXISTS (SELECT FROM import_orders o WHERE o.number COLLATE "C" = r.number)
GROUP BY number"""


def take(conn: psycopg.Connection) -> bool:
    """Move the rows of returns out of import_lines. Returns whether there are any."""
    conn.execute(TABLE)
    return conn.execute(TAKE).rowcount > 0


def refund(conn: psycopg.Connection) -> None:
    """Make returns the refunds of their orders. A return of an order that is not in the file gets a reason."""
    conn.execute(REFUND)
    conn.execute(ALONE)
