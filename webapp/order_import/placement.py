"""Placing the valid orders, in one transaction: one ring for the tenant, and all of them or none."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import psycopg
from psycopg.rows import class_row

from ..language import gettext as _
from . import owners, updates
from .errors import FileRefused
from .updates import Updates

MAX_ATTEMPTS = 3
# Another writer locked the same orders in another order, and PostgreSQL has stopped this import's transaction.
CONFLICTS = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# Advisory lock; the tenant's id is the lower half.
IMPORT_LOCK = 0x00D0_0BE4 << 32
MAX_EXAMPLES = 5  # order numbers in the summary

# Ordered by placed_at, as in the board's index, then by line, as in the file.
PLACED = "CREATE TEMP TABLE import_placed (number text, id bigint)"
PLACE = """
WITH placed AS (
    INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, refunded_minor, refunded_at,
                        placed_at, paid_at, shipped_at, cancelled_at, source)
    SELECT %(tenant)s, o.number, o.customer, CASE WHEN w.disabled IS NULL THEN w.owner_id END, %(currency)s,
           o.total_minor, o.refunded_minor, o.refunded_at,
           o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at, %(source)s
    FROM import_orders o
    LEFT JOIN import_owners w ON w.owner_key = o.owner_key
    WHERE o.reason IS NULL AND o.total_minor IS NOT NULL  -- not a return alone
      AND NOT EXISTS (SELECT FROM orders x WHERE x.tenant_id = %(tenant)s AND x.number = o.number)
    ORDER BY o.placed_at, o.first_line
    ON CONFLICT (tenant_id, number) DO NOTHING  -- another writer may place that number meanwhile
    RETURNING number, id
)
INSERT INTO import_placed SELECT number, id FROM placed"""

# One sort numbers the lines and puts them into the order of the primary key.
PLACE_LINES = """
INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)
SELECT %(tenant)s, p.id, row_number() OVER (PARTITION BY p.id ORDER BY l.line), coalesce(l.sku, ''), l.product,
       l.quantity, l.unit_price_minor, l.line_total_minor
FROM import_lines l JOIN import_placed p ON p.number COLLATE "C" = l.number
WHERE l.quantity IS NOT NULL
ORDER BY p.id, l.line"""

# The orders that existed before, and whether this file has the same content for them. The comparison of two counts skips the
# joins and the numbers of lines when every valid order was placed.
EXISTING = """
CREATE TEMP TABLE import_existing AS
WITH existing AS (
    SELECT o.number, o.first_line, x.id, o.lines,
           (o.customer, CASE WHEN w.disabled IS NULL OR x.owner_id IS NOT NULL THEN w.owner_id END,
            o.total_minor, o.refunded_minor,
            o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at)
           IS NOT DISTINCT FROM
           (x.customer, x.owner_id, x.total_minor, x.refunded_minor,
            x.placed_at, x.paid_at, x.shipped_at, x.cancelled_at) AS same
    FROM import_orders o
    JOIN orders x ON x.tenant_id = %(tenant)s AND x.number = o.number
    LEFT JOIN import_owners w ON w.owner_key = o.owner_key
    WHERE (SELECT count(*) FROM import_placed) < (SELECT count(*) FROM import_orders WHERE reason IS NULL)
      AND o.reason IS NULL AND NOT EXISTS (SELECT FROM import_placed p WHERE p.number = o.number)
), numbered_lines AS (
    SELECT number COLLATE "default" AS number, row_number() OVER (PARTITION BY number ORDER BY line) AS position,
           coalesce(sku, '') AS sku, product, quantity, unit_price_minor, line_total_minor AS total_minor
    FROM import_lines
    WHERE (SELECT count(*) FROM import_placed) < (SELECT count(*) FROM import_orders WHERE reason IS NULL)
      AND quantity IS NOT NULL
), kept AS (
    SELECT e.id, count(*) AS lines,
           count(*) FILTER (WHERE (k.sku, k.product, k.quantity, k.unit_price_minor, k.total_minor)
               = (l.sku COLLATE "default", l.product COLLATE "default", l.quantity, l.unit_price_minor, l.total_minor)) AS same
    FROM existing e
    JOIN order_lines k ON k.tenant_id = %(tenant)s AND k.order_id = e.id
    LEFT JOIN numbered_lines l ON l.number = e.number AND l.position = k.position
    GROUP BY e.id
)
SELECT e.number, e.first_line, e.id, e.same AND lines.same AS same, lines.same AS same_lines
FROM existing e LEFT JOIN kept ON kept.id = e.id
CROSS JOIN LATERAL (SELECT coalesce(kept.lines, 0) = e.lines AND coalesce(kept.same, 0) = e.lines AS same) AS lines"""

OUTCOME = """
SELECT (SELECT count(*) FROM import_placed) AS placed,
       (SELECT count(*) FROM import_existing WHERE same) AS unchanged,
       (SELECT count(*) FROM import_existing WHERE NOT same) AS different,
       ARRAY(SELECT number FROM import_existing WHERE NOT same ORDER BY first_line LIMIT %(examples)s) AS examples,
       %(lines)s::bigint AS lines, %(owners)s::bigint AS owners"""


@dataclass(frozen=True)
class Placing:
    """How the orders of a file are placed.

    `digits` are the currency's decimal places, `fields` those that the file has. With `update`, orders that exist are brought
    up to date. With `dry_run`, everything is done and rolled back.
    """

    tenant_id: int
    currency: str
    digits: int
    source: str
    fields: frozenset[str]
    create_owners: bool
    update: bool
    dry_run: bool


@dataclass(frozen=True)
class Outcome:
    """The valid orders by result. `lines` and `owners` were created with the placed orders.

    `unchanged` and `different` orders existed before; `examples` are numbers of different ones. `updates` is how these were
    brought up to date, or without `--update`, how they would be; None when no order is different.
    """

    placed: int
    unchanged: int
    different: int
    examples: list[str]
    lines: int
    owners: int
    updates: Updates | None = None


def place(
    conn: psycopg.Connection,
    placing: Placing,
    waiting: Callable[[], None] | None = None,
    committing: Callable[[Outcome], None] | None = None,
    waited: Callable[[], None] | None = None,
) -> Outcome:
    """Place every order that has no reason to be rejected.

    Without `update`, existing order numbers are left unchanged. One import per tenant places at a time, because two imports
    with the same numbers in different orders would deadlock; `waiting` is called if another one is placing, and `waited`
    when that has ended. `committing` is called last in the transaction, which it may end by raising. Raises FileRefused
    when another tenant takes an owner's address meanwhile.
    """
    # An order that was locked is then read as its last writer left it.
    conn.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return _place(conn, placing, waiting, committing, waited)
        except CONFLICTS:
            if attempt == MAX_ATTEMPTS:
                raise
    raise AssertionError


def _place(
    conn: psycopg.Connection,
    placing: Placing,
    waiting: Callable[[], None] | None,
    committing: Callable[[Outcome], None] | None,
    waited: Callable[[], None] | None,
) -> Outcome:
    values = {"tenant": placing.tenant_id, "currency": placing.currency, "source": placing.source}
    try:
        with conn.transaction(force_rollback=placing.dry_run):
            _lock(conn, placing.tenant_id, waiting, waited)
            conn.execute("SET LOCAL doorbell.notify = off")  # past orders create no notifications
            created = _create_owners(conn, placing) if placing.create_owners else 0
            lines = _insert(conn, values)
            conn.execute(EXISTING, values)
            with conn.cursor(row_factory=class_row(Outcome)) as cursor:
                counts = {"examples": MAX_EXAMPLES, "lines": lines, "owners": created}
                outcome = cursor.execute(OUTCOME, counts).fetchone()
            assert outcome is not None
            if outcome.different:
                outcome = replace(outcome, updates=_update(conn, placing))
            if committing:
                committing(outcome)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        return outcome
    finally:
        # After COMMIT a Ctrl-C must not be reported as "nothing was placed".
        with contextlib.suppress(KeyboardInterrupt):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _update(conn: psycopg.Connection, placing: Placing) -> Updates:
    conn.execute("ANALYZE import_existing")
    act = updates.apply if placing.update else updates.find
    return act(conn, placing.tenant_id, placing.digits, placing.fields)


def _insert(conn: psycopg.Connection, values: Mapping[str, object]) -> int:
    """Insert the orders and their lines. Returns the number of lines."""
    # The checks of the foreign keys keep the plans of their first run. With scans of a small table of users, each order would
    # read all of them.
    conn.execute("SET LOCAL enable_seqscan = off")
    conn.execute(PLACED)
    conn.execute(PLACE, values)
    conn.execute("ANALYZE import_placed")
    lines = conn.execute(PLACE_LINES, values).rowcount
    conn.execute("SET LOCAL enable_seqscan = on")
    return lines


def _lock(
    conn: psycopg.Connection,
    tenant_id: int,
    waiting: Callable[[], None] | None,
    waited: Callable[[], None] | None,
) -> None:
    lock = IMPORT_LOCK + tenant_id
    taken = conn.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock]).fetchone()
    if taken and taken[0]:
        return
    if waiting:
        waiting()
    conn.execute("SELECT pg_advisory_xact_lock(%s)", [lock])
    if waited:
        waited()


def _create_owners(conn: psycopg.Connection, placing: Placing) -> int:
    created = owners.create_owners(conn, placing.tenant_id, placing.update)
    if owner := owners.first_unknown(conn, placing.tenant_id, placing.update):
        raise FileRefused(
            _(
                "Another tenant has just created a user with the address %(owner)s. Nothing was placed; run the "
                "import again.",
                owner=owner,
            )
        )
    return created
