"""`flask orders repair`: writes the events of refunds that no trigger wrote."""

from __future__ import annotations

from collections.abc import Sequence

import click
from flask.cli import with_appcontext

from ..money import amount_text
from ..orders import missing_refunds
from ..postgres import session
from ..services import services
from . import stop, table

SHOWN = 20
# The highest number of orders that a dry run finds.
DRY_RUN_LIMIT = 1_000_000

_TENANTS = "SELECT id, slug, currency FROM tenants"


@click.command("repair")
@click.option("--tenant", "slug", metavar="SLUG", help="Only the orders of this tenant.")
@click.option(
    "--dated",
    type=click.Choice(missing_refunds.DATES),
    default="now",
    show_default=True,
    help="The date of a refund without refunded_at: now, or when the order was paid.",
)
@click.option("--dry-run", is_flag=True, help="Show the orders and write nothing.")
@with_appcontext
def repair(slug: str | None, dated: str, dry_run: bool) -> None:
    """Write the missing events of refunds, so that revenue counts them.

    A change of an order's refunded_minor has no event when triggers did not fire: in logical replication, with
    pg_restore --disable-triggers, or with a disabled trigger. Orders with all their events are not changed.
    """
    url = services().config.database_url
    with session.connect(url, missing_refunds.VIA, autocommit=True, writes=not dry_run) as conn:
        tenants = {row[0]: (row[1], row[2]) for row in conn.execute(_TENANTS)}
        tenant_id = _id(tenants, slug)
        found = (
            missing_refunds.find(conn, DRY_RUN_LIMIT, tenant_id)
            if dry_run
            else missing_refunds.repair(conn, tenant_id, dated)
        )
    _show(found, tenants)
    orders = f"{len(found):,} order{'' if len(found) == 1 else 's'}"
    if not found:
        click.echo("Every refund has its event.")
    elif dry_run:
        click.echo(f"{orders} with refunds without an event. Dry run: nothing was written.")
    else:
        click.echo(f"{orders} repaired. The 30-day chart shows it after the next refresh of the rollups.")


def _id(tenants: dict[int, tuple[str, str]], slug: str | None) -> int | None:
    if slug is None:
        return None
    ids = [tenant_id for tenant_id, (other, _) in tenants.items() if other == slug]
    if not ids:
        stop(f"There is no tenant {slug!r}. See them all with: flask tenant list")
    return ids[0]


def _show(found: Sequence[missing_refunds.MissingRefund], tenants: dict[int, tuple[str, str]]) -> None:
    if not found:
        return
    rows = []
    for missing in found[:SHOWN]:
        slug, currency = tenants[missing.tenant_id]
        amounts = (missing.refunded_minor, missing.missing_minor)
        rows.append((slug, missing.number, *(amount_text(minor, currency) for minor in amounts), currency))
    table(("tenant", "number", "refunded", "without event", "currency"), rows)
    if len(found) > SHOWN:
        click.echo(f"… and {len(found) - SHOWN:,} more")
