"""`flask orders attach SCHEMA.TABLE` and `flask orders detach SCHEMA.TABLE`: a company's own table on the board."""

from __future__ import annotations

import sys
from typing import Any

import click
import psycopg
from flask.cli import with_appcontext

from ..attach import attachments, backfill, catalog, check, detach, install, mapping, problems, proposal, settled
from ..attach.attachments import BACKFILLING, Attachment
from ..attach.errors import AttachRefused
from ..attach.fields import FIELDS
from ..attach.mapped_sql import AttachTarget
from ..attach.proposal import Proposal, Wish
from ..attach.status_words import STAGES
from ..postgres import session
from ..services import services
from . import attach_texts, echo, stop, table
from .relay_command import actor

# After the backfill, older transactions have so long to end before the check is left to the worker.
SETTLE_SECONDS = 30.0


@click.command("attach", epilog=f"Fields for --map: {', '.join(FIELDS)}. Stages for --status: {', '.join(STAGES)}.")
@click.argument("name", metavar="[SCHEMA.TABLE]", required=False)
@click.option(
    "--tenant", "slug", metavar="SLUG", help="The tenant of the orders, unless --map tenant=… names it per row."
)
@click.option(
    "--map", "maps", multiple=True, metavar="FIELD=EXPRESSION",
    help="An SQL expression of the row's columns, such as 'total=net + tax'; FIELD= leaves the field out.",
)  # fmt: skip
@click.option(
    "--status", "statuses", multiple=True, metavar="WORD=STAGE",
    help="What a word of the status means, such as Completed=paid; =STAGE is the empty status.",
)  # fmt: skip
@click.option(
    "--owner", "owners", multiple=True, metavar="VALUE=EMAIL", help="The user that a value of the owner means."
)
@click.option(
    "--prefix", default="", help="Put before each order number, so that it differs from those of other sources."
)
@click.option("--zone", metavar="ZONE", help="The zone of times without an offset. UTC by default.")
@click.option(
    "--replica", is_flag=True, help="The table is filled by logical replication: use triggers that fire for it."
)
@click.option(
    "--check", "is_check", is_flag=True, help="Compare an attached table, or all, with the orders and repair them."
)
@click.option("--yes", is_flag=True, help="Install without asking.")
@with_appcontext
def attach(name: str | None, is_check: bool, yes: bool, **options: Any) -> None:
    """Keep orders up to date with the rows of a table of this database, by triggers.

    Shows how each column is read, 20 rows as orders, and the SQL; installs it when you agree. Then copies the rows that
    exist, and checks the result. Run it again to continue after an interrupt. Without a table it lists what is attached.
    """
    with session.connect(services().config.database_url, "doorbell attach", autocommit=True) as conn:
        try:
            if is_check:
                _check(conn, name)
            elif name is None:
                _list(conn)
            else:
                _attach(conn, name, yes, **options)
        except AttachRefused as error:
            stop(str(error))


@click.command("detach")
@click.argument("name", metavar="SCHEMA.TABLE")
@click.option(
    "--keep-orders/--remove-orders", "keep", default=None, help="What happens to its orders. Asked if neither is given."
)
@click.option("--yes", is_flag=True, help="Detach without asking.")
@with_appcontext
def detach_command(name: str, keep: bool | None, yes: bool) -> None:
    """Remove everything that attaching SCHEMA.TABLE has installed. The table itself is not changed."""
    with session.connect(services().config.database_url, "doorbell detach", autocommit=True) as conn:
        try:
            attachment = attachments.by_name(conn, name)
            for statement in detach.statements(conn, attachment):
                echo(f"{statement};")
            if keep is None:
                if yes:
                    stop("Say what happens to the orders: --keep-orders or --remove-orders.")
                keep = not click.confirm("Remove its orders from the board too?", default=False)
            if not yes and not click.confirm(f"Detach {attachment.name}?", default=False):
                stop("Nothing was changed.")
            count = detach.run(conn, attachment, keep_orders=keep)
        except AttachRefused as error:
            stop(str(error))
    echo(f"Detached {attachment.name}. {attach_texts.counted(count, 'order')} {'kept' if keep else 'removed'}.")


def _attach(conn: psycopg.Connection[Any], name: str, yes: bool, **options: Any) -> None:
    source = catalog.find(conn, name)
    existing = attachments.of_table(conn, source.oid)
    if existing is None:
        target = _install(conn, _propose(conn, source, **options), yes)
    else:
        target = attachments.target_of(conn, existing)
        if existing.state != BACKFILLING and any(options.values()):
            stop(
                f"{existing.name} is attached already, so no option was used. To change its mapping: flask orders detach "
                f"{existing.name} --keep-orders, then attach it again."
            )
        install.finish(conn, target)
    _copy(conn, target)
    attachment = attachments.by_id(conn, target.id)
    assert attachment is not None
    _settle(conn, attachment)


def _propose(
    conn: psycopg.Connection[Any], source: catalog.SourceTable, *, slug: str | None, maps: tuple[str, ...],
    statuses: tuple[str, ...], owners: tuple[str, ...], prefix: str, zone: str | None, replica: bool,
) -> Proposal:  # fmt: skip
    wish = Wish(
        mapping.parse_maps(maps), mapping.parse_statuses(statuses), mapping.parse_owners(owners), prefix, zone, replica
    )
    return proposal.propose(conn, source, _tenant_id(conn, slug), wish)


def _install(conn: psycopg.Connection[Any], proposed: Proposal, yes: bool) -> AttachTarget:
    echo(attach_texts.proposed(proposed))
    echo("\nThis SQL is installed:\n")
    for statement in install.statements(proposed.target):
        echo(f"{statement};\n")
    if proposed.sampled and not proposed.orders:
        stop(f"None of {proposed.sampled:,} rows becomes an order; see the reasons above. Nothing was installed.")
    if not yes and not click.confirm(f"Attach {proposed.target.name}?", default=False):
        stop("Nothing was installed.")
    install.install(conn, proposed.target, actor())
    attachments.update(conn, proposed.target.id, rows_total=backfill.count_rows(conn, proposed.target))
    echo(f"Installed. New writes of {proposed.target.name} are on the board from now on.")
    return proposed.target


def _copy(conn: psycopg.Connection[Any], target: AttachTarget) -> None:
    with click.progressbar(length=1, label="Copying rows", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        backfill.run(conn, target, progress)
        bar.update((bar.length or 0) - bar.pos)


def _settle(conn: psycopg.Connection[Any], attachment: Attachment) -> None:
    def waiting(count: int, pid: int) -> None:
        echo(
            f"Waiting for {attach_texts.counted(count, 'older transaction')} (process {pid}) before the check …",
            err=True,
        )

    if not settled.wait(conn, attachment, SETTLE_SECONDS, waiting):
        echo("They still run. The worker checks the table once they have ended.")
        return
    _print(conn, attachment, check.run(conn, attachment))


def _check(conn: psycopg.Connection[Any], name: str | None) -> None:
    found = attachments.every(conn) if name is None else [attachments.by_name(conn, name)]
    if not found:
        echo("No table is attached.")
    failed = 0
    for attachment in found:
        try:
            _print(conn, attachment, check.run(conn, attachment))
        except AttachRefused as error:
            echo(f"{attachment.name}: {error}", err=True)
            failed += 1
    if failed:
        raise SystemExit(1)


def _print(conn: psycopg.Connection[Any], attachment: Attachment, drift: check.Drift) -> None:
    count = problems.count(conn, attachment.id)
    echo(attach_texts.checked(attachment, drift, count))
    for problem in problems.newest(conn, attachment.id) if count else ():
        echo(f"  row {problem.external_id or '(several)'}: {problem.reason}")


def _list(conn: psycopg.Connection[Any]) -> None:
    found = attachments.every(conn)
    if not found:
        echo("No table is attached. Attach one: flask orders attach SCHEMA.TABLE --tenant SLUG")
        return
    rows = [(each.name, attach_texts.state(each), each.drift, problems.count(conn, each.id)) for each in found]
    table(("table", "state", "repaired by the last check", "problems"), rows)


def _tenant_id(conn: psycopg.Connection[Any], slug: str | None) -> int | None:
    if slug is None:
        return None
    row = conn.execute("SELECT id FROM tenants WHERE slug = %s", [slug]).fetchone()
    if row is None:
        stop(f"There is no tenant {slug!r}. See them all with: flask tenant list")
    return int(row[0])
