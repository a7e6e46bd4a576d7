"""Returns: rows with a negative quantity or a negative total (credit notes), which become refunds of their order.

import_returns          the rows of returns, moved from import_lines, so that the lines of an order are what was sold
import_return_moments   one row per order number and moment: what was returned then. The moment is the row's refunded_at,
                        else its placed_at, because a credit note has a date of its own
"""

from __future__ import annotations

import psycopg

TAKE = "CREATE TEMP TABLE import_returns AS SELECT * FROM import_lines WHERE quantity < 0 OR total_minor < 0"
LEAVE = "DELETE FROM import_lines WHERE quantity < 0 OR total_minor < 0"

# Rows of one moment with the same negative total are one credit note that repeats its total, or one note each. Their lines
# tell: the sum of the lines is near the total in the one case, near all totals in the other. least() ignores a missing sum.
MOMENTS = """
CREATE TEMP TABLE import_return_moments AS
SELECT number COLLATE "default" AS number, moment, min(line) AS first_line, sum(rows)::bigint AS rows,
       sum(CASE WHEN credit_minor > 0 THEN greatest(credit_minor, least(lines_minor, credit_minor * rows))
                ELSE lines_minor END)::bigint AS minor,
       coalesce(sum(lines_minor) FILTER (WHERE credit_minor = 0), 0)::bigint AS lines_minor,
       max(order_total_minor) AS order_total_minor
FROM (
    SELECT number, coalesce(refunded_at, placed_at) AS moment, -least(coalesce(total_minor, 0), 0) AS credit_minor,
           min(line) AS line, count(*) AS rows,
           sum(abs(line_total_minor + coalesce(extra_minor, 0))) AS lines_minor,
           max(total_minor) FILTER (WHERE total_minor >= 0) AS order_total_minor
    FROM import_returns
    GROUP BY number, moment, credit_minor
) AS each_note
GROUP BY number, moment"""

# An order's total holds its returned lines already, or it does not. It is what was sold; the returns are its refund.
REFUND = """
WITH returned AS (
    SELECT number, min(first_line) AS first_line, sum(rows)::bigint AS rows, sum(minor)::bigint AS minor, max(moment) AS moment,
           sum(lines_minor)::bigint AS lines_minor, max(order_total_minor) AS order_total_minor
    FROM import_return_moments GROUP BY number
), sold AS (
    SELECT l.number COLLATE "default" AS number, max(l.total_minor) AS total_minor,
           sum(l.line_total_minor) + coalesce(sum(l.extra_minor), 0) + coalesce(max(l.freight_minor), 0) AS lines_minor
    FROM import_lines l
    WHERE l.number COLLATE "default" IN (SELECT number FROM returned)
    GROUP BY l.number
), totals AS (
    SELECT r.*, s.total_minor <> r.order_total_minor AS differs,
           r.lines_minor > 0 AND given.minor NOT IN (s.lines_minor, s.lines_minor - r.lines_minor) AS is_other,
           coalesce(given.minor, o.total_minor)
               + CASE WHEN given.minor = s.lines_minor - r.lines_minor THEN r.lines_minor ELSE 0 END AS total_minor
    FROM returned r
    JOIN sold s ON s.number = r.number
    JOIN import_orders o ON o.number = r.number
    CROSS JOIN LATERAL (SELECT coalesce(s.total_minor, r.order_total_minor) AS minor) AS given
)
UPDATE import_orders o
SET total_minor = t.total_minor, refunded_minor = greatest(o.refunded_minor, t.minor),
    -- A row of the order's own date does not say when the return was.
    refunded_at = coalesce(o.refunded_at, CASE WHEN t.moment > o.placed_at THEN greatest(t.moment, o.paid_at) END),
    first_line = least(o.first_line, t.first_line), rows = o.rows + t.rows,
    reason = coalesce(o.reason, nullif(concat_ws('; ',
        CASE WHEN t.differs THEN 'total differs between the returned items and the others' END,
        CASE WHEN t.is_other THEN
            'the order has returned items, and its total is the sum of the other items neither with nor without them' END,
        CASE WHEN t.minor > t.total_minor THEN
            format('the returns are more than the total (%%s of %%s)', round(t.minor / 10.0 ^ %(digits)s, %(digits)s),
                   round(t.total_minor / 10.0 ^ %(digits)s, %(digits)s)) END,
        CASE WHEN o.paid_at IS NULL THEN 'the order has a return but was never paid; give it a time of payment' END,
        CASE WHEN t.moment > now() + interval '5 minutes' THEN
            format('the return is dated in the future (%%s)', t.moment::timestamptz(0)) END), ''))
FROM totals t
WHERE t.number = o.number"""

# A return whose order is not in the file. It has no total, so no order is placed for it.
RETURNS_ALONE = """
INSERT INTO import_orders (number, first_line, rows, lines, refunded_minor, refunded_at, reason)
SELECT r.number, min(r.first_line), sum(r.rows), 0, sum(r.minor), max(r.moment),
       nullif(concat_ws('; ',
           CASE WHEN count(x.id) = 0 THEN
               'a return of an order that is not known: it is neither in this file nor among the orders of ' || %(slug)s::text
               || '; import the order first, or give its number' END,
           CASE WHEN max(r.moment) > now() + interval '5 minutes' THEN
               format('the return is dated in the future (%%s)', max(r.moment)::timestamptz(0)) END), '')
FROM import_return_moments r LEFT JOIN orders x ON x.tenant_id = %(tenant)s AND x.number = r.number
WHERE NOT EXISTS (SELECT FROM import_orders o WHERE o.number = r.number)
GROUP BY r.number"""


def take(conn: psycopg.Connection) -> bool:
    """Move the rows of returns out of import_lines. Returns whether there are any."""
    has_returns = conn.execute(TAKE).rowcount > 0
    conn.execute(MOMENTS)
    if has_returns:
        conn.execute(LEAVE)
        conn.execute("ANALYZE import_returns")
        conn.execute("ANALYZE import_return_moments")
    return has_returns


def refund(conn: psycopg.Connection, tenant_id: int, slug: str, digits: int) -> None:
    """Make returns the refunds of their orders. A return of an order that is neither in the file nor known gets a reason.

    `digits` are the currency's decimal places.
    """
    conn.execute(REFUND, {"digits": digits})
    conn.execute(RETURNS_ALONE, {"tenant": tenant_id, "slug": slug})
