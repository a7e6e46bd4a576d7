"""`flask orders reconcile`: writes the events that no trigger wrote."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click
import psycopg
from flask.cli import with_appcontext

from ..money import amount_text
from ..postgres import session
from ..reconciliation import chunks, missing_events, repair
from ..reconciliation.missing_events import MissingEvent
from ..services import services
from . import echo, stop, table

SHOWN = 20

_TENANTS = "SELECT id, slug, currency FROM tenants ORDER BY id"

Tenants = dict[int, tuple[str, str]]


@click.command("reconcile")
@click.option("--tenant", "slug", metavar="SLUG", help="Only the orders of this tenant.")
@click.option(
    "--dated",
    type=click.Choice(missing_events.DATES),
    default="now",
    show_default=True,
    help="The date of a refund without refunded_at: now, or when the order was paid.",
)
@click.option("--dry-run", is_flag=True, help="Show the events and write nothing.")
@with_appcontext
def reconcile(slug: str | None, dated: str, dry_run: bool) -> None:
    """Write the events that would explain the orders as they are.

    A change of an order has no event when triggers did not fire: in logical replication, with pg_restore
    --disable-triggers, with session_replication_role = replica, or with a disabled trigger. Revenue then lacks refunds, and
    the 30-day chart, the orders' activity and the relay lack the change.

    Orders with all their events are not changed, so a second run writes nothing. Inboxes stay as they are. Programs may
    write orders meanwhile.
    """
    url = services().config.database_url
    with session.connect(url, missing_events.VIA, autocommit=True, writes=not dry_run) as conn:
        tenants: Tenants = {row[0]: (row[1], row[2]) for row in conn.execute(_TENANTS)}
        chosen = [_id(tenants, slug)] if slug is not None else list(tenants)
        counts, orders, first = _run(conn, chosen, dated, dry_run)
    _show(first, sum(counts.values()), tenants)
    if not counts:
        echo("The events explain every order.")
        return
    for kind, count in sorted(counts.items()):
        echo(f"  {kind:<11} {count:,}")
    number = f"{orders:,} order{'' if orders == 1 else 's'}"
    if dry_run:
        echo(f"{number} with missing events. Dry run: nothing was written.")
    else:
        echo(f"{number} repaired. The 30-day chart shows it after the next refresh of the rollups.")


def _run(
    conn: psycopg.Connection[Any], tenants: list[int], dated: str, dry_run: bool
) -> tuple[Counter[str], int, list[MissingEvent]]:
    """The number of events by type, the number of their orders, and the first events."""
    counts: Counter[str] = Counter()
    orders, first = 0, list[MissingEvent]()
    length = sum(chunks.highest(conn, tenant_id) for tenant_id in tenants)
    with click.progressbar(length=length, label="Comparing orders with their events", file=sys.stderr) as bar:
        for found in _each(conn, tenants, dated, dry_run, bar.update):
            counts.update(missing.type for missing in found)
            orders += len({missing.order_id for missing in found})
            first += found[: SHOWN - len(first)]
    return counts, orders, first


def _each(
    conn: psycopg.Connection[Any], tenants: list[int], dated: str, dry_run: bool, progress: Any
) -> Iterator[list[MissingEvent]]:
    for tenant_id in tenants:
        if dry_run:
            yield from repair.find(conn, tenant_id, progress)
        else:
            yield from repair.reconcile(conn, tenant_id, dated, progress)


def _id(tenants: Tenants, slug: str) -> int:
    ids = [tenant_id for tenant_id, (other, _) in tenants.items() if other == slug]
    if not ids:
        stop(f"There is no tenant {slug!r}. See them all with: flask tenant list")
    return ids[0]


def _show(first: list[MissingEvent], count: int, tenants: Tenants) -> None:
    rows = []
    for missing in first:
        slug, currency = tenants[missing.tenant_id]
        amount = "" if missing.amount_minor is None else amount_text(missing.amount_minor, currency)
        rows.append((slug, missing.number or f"(id {missing.order_id})", missing.type, amount, amount and currency))
    if rows:
        table(("tenant", "number", "missing event", "amount", "currency"), rows)
    if count > len(rows):
        echo(f"… and {count - len(rows):,} more")
