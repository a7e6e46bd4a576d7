"""Staging of the rows in temporary tables of the session: copied, grouped into orders, checked. No order is written.

import_lines    one row per row of the file; `reason` is why it is rejected
import_orders   one row per order number; `reason` is why the order is rejected. Without a total it is a return of an order that
                is known (returns.py)
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from ..money import MAX_MINOR
from .row_parser import STAGED

# Collation C compares bytes, so grouping by number takes a third of the time of a language's collation.
LINES = """
CREATE TEMP TABLE import_lines (
    line bigint NOT NULL, number text COLLATE "C",
    customer text COLLATE "C", owner_email text COLLATE "C", owner_name text COLLATE "C",
    placed_at timestamptz, paid_at timestamptz, shipped_at timestamptz, cancelled_at timestamptz,
    refunded_at timestamptz,
    total_minor bigint, refunded_minor bigint, freight_minor bigint, extra_minor bigint, is_refunded boolean,
    sku text COLLATE "C", product text COLLATE "C", quantity numeric(14, 3),
    unit_price_minor bigint, line_total_minor bigint, reason text
)"""

# Empty cells are NULL and ignored, so max() is the one value that the other rows of the order have.
ORDERS = """
CREATE TEMP TABLE import_orders AS
SELECT o.number COLLATE "default" AS number, first_line, rows, lines,
       customer COLLATE "default" AS customer,
       owner_email COLLATE "default" AS owner_email, owner_name COLLATE "default" AS owner_name,
       coalesce(owner_email, lower(owner_name COLLATE "default")) COLLATE "default" AS owner_key,
       placed_at, paid_at, shipped_at, cancelled_at, total_minor,
       CASE WHEN is_refunded AND refunded_minor = 0 THEN total_minor ELSE refunded_minor END AS refunded_minor,
       CASE WHEN refunded_minor > 0 OR is_refunded THEN refunded_at END AS refunded_at,
       nullif(CASE
           WHEN bad_line IS NOT NULL THEN
               'line ' || bad_line || ' of this order was rejected, and an order is imported whole or not at all'
           WHEN differs THEN 'differs'  -- DIFFERENCES replaces it
           ELSE concat_ws('; ',
               CASE WHEN customer IS NULL THEN 'the customer is empty' END,
               CASE WHEN placed_at IS NULL THEN 'the order date is empty' END,
               CASE WHEN total_minor IS NULL THEN 'the order has neither a total nor lines with prices' END,
               CASE WHEN total_minor > %(max)s THEN 'the total is too large' END,
               CASE WHEN total_minor < 0 THEN 'the total is negative' END,
               CASE WHEN refunded_minor > total_minor THEN
                   format('the refund is more than the total (%%s of %%s)',
                          round(refunded_minor / 10.0 ^ %(digits)s, %(digits)s),
                          round(total_minor / 10.0 ^ %(digits)s, %(digits)s)) END,
               CASE WHEN (refunded_minor > 0 OR is_refunded AND total_minor > 0) AND paid_at IS NULL THEN
                   'the order is refunded but was never paid; give it a time of payment' END,
               -- As refund_moment() of the database, which would refuse the whole file.
               CASE WHEN (refunded_minor > 0 OR is_refunded) AND refunded_at > now() + interval '5 minutes' THEN
                   format('the refund is dated in the future (%%s)', refunded_at::timestamptz(0)) END,
               CASE WHEN (refunded_minor > 0 OR is_refunded) AND refunded_at < paid_at - interval '24 hours' THEN
                   format('the refund is dated before the payment (%%s, paid %%s)', refunded_at::timestamptz(0),
                          paid_at::timestamptz(0)) END)
       END, '') AS reason
FROM (
    SELECT number, min(line) AS first_line, count(*) AS rows, count(quantity) AS lines,
           max(customer) AS customer, max(owner_email) AS owner_email, max(owner_name) AS owner_name,
           max(placed_at) AS placed_at, max(paid_at) AS paid_at,
           max(shipped_at) AS shipped_at, max(cancelled_at) AS cancelled_at,
           max(refunded_at) AS refunded_at,  -- of the last refund, so these may differ
           coalesce(max(total_minor), coalesce(sum(line_total_minor) + coalesce(sum(extra_minor), 0), sum(extra_minor))
               + coalesce(max(freight_minor), 0)) AS total_minor,
           bool_or(is_refunded) AS is_refunded,
           coalesce(max(refunded_minor), 0) AS refunded_minor,
           min(line) FILTER (WHERE reason IS NOT NULL) AS bad_line,
           coalesce(min(customer) <> max(customer), false) OR coalesce(min(owner_email) <> max(owner_email), false)
               OR coalesce(min(owner_name) <> max(owner_name), false)
               OR coalesce(min(placed_at) <> max(placed_at), false) OR coalesce(min(paid_at) <> max(paid_at), false)
               OR coalesce(min(shipped_at) <> max(shipped_at), false)
               OR coalesce(min(cancelled_at) <> max(cancelled_at), false)
               OR coalesce(min(total_minor) <> max(total_minor), false)
               OR coalesce(min(refunded_minor) <> max(refunded_minor), false)
               OR coalesce(min(freight_minor) <> max(freight_minor), false) AS differs
    FROM import_lines
    WHERE number IS NOT NULL
    GROUP BY number
) AS o"""

# For the few orders whose rows differ: the field, and its first two values with their lines.
DIFFERENCES = """
UPDATE import_orders AS o SET reason = found.reason
FROM (
    SELECT number, string_agg(format('%%s differs: %%L on line %%s, %%L on line %%s', field,
                                     seen[1], lines[1], seen[2], lines[2]), '; ' ORDER BY field) AS reason
    FROM (
        SELECT number, field, array_agg(value ORDER BY line) AS seen, array_agg(line ORDER BY line) AS lines
        FROM (
            SELECT l.number, v.field, v.value, min(l.line) AS line
            FROM import_lines l
            JOIN import_orders d ON d.number COLLATE "C" = l.number AND d.reason = 'differs'
            CROSS JOIN LATERAL (VALUES
                ('customer', l.customer), ('owner e-mail', l.owner_email), ('owner', l.owner_name),
                ('placed_at', l.placed_at::text), ('paid_at', l.paid_at::text),
                ('shipped_at', l.shipped_at::text), ('cancelled_at', l.cancelled_at::text),
                ('total', round(l.total_minor / 10.0 ^ %(digits)s, %(digits)s)::text),
                ('refunded', round(l.refunded_minor / 10.0 ^ %(digits)s, %(digits)s)::text),
                ('freight', round(l.freight_minor / 10.0 ^ %(digits)s, %(digits)s)::text)
            ) AS v (field, value)
            WHERE v.value IS NOT NULL
            GROUP BY l.number, v.field, v.value
        ) AS each_value
        GROUP BY number, field
        HAVING count(*) > 1
    ) AS each_field
    GROUP BY number
) AS found
WHERE o.number COLLATE "C" = found.number AND o.reason = 'differs'"""


def stage(conn: psycopg.Connection, batches: Iterable[list[str]]) -> int:
    """Copy the rows into import_lines, with one batch in memory. Returns the number of rows."""
    conn.execute(LINES)
    statement = sql.SQL("COPY import_lines ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, STAGED)))
    copied = 0
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in batches:
            copied += len(batch)
            if batch:
                copy.write("\n".join(batch) + "\n")
    return copied


def group(conn: psycopg.Connection, digits: int) -> None:
    """Group the lines into orders, and give each invalid order a reason. `digits` are the currency's decimal places."""
    conn.execute("ANALYZE import_lines")
    conn.execute(ORDERS, {"max": MAX_MINOR, "digits": digits})
    conn.execute("ANALYZE import_orders")
    conn.execute(DIFFERENCES, {"digits": digits})
