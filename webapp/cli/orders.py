"""`flask orders import FILE --tenant SLUG`: imports orders from a CSV file or a workbook."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import psycopg
from flask.cli import AppGroup

from ..audit.kinds import Kind
from ..audit.recording import record
from ..order_import.columns import FIELDS, STATUS
from ..order_import.errors import FileRefused
from ..order_import.formats.registry import BY_HEADER
from ..order_import.owners import POLICIES
from ..order_import.pipeline import FORMATS, Import, ImportOptions, Result
from ..order_import.placement import Outcome
from ..order_import.report import Counts, Rejected
from ..order_import.statuses import Meaning
from ..order_import.value_style import AUTO, DATES, DECIMALS
from ..postgres import faults, session
from ..services import services
from . import echo, import_updates

# Exit codes.
ALL_PLACED, SOME_REJECTED, NOTHING_PLACED = 0, 1, 2

orders_cli = AppGroup("orders", help="Import and repair orders.")


@orders_cli.command("import", epilog=f"Fields for --map: {', '.join((*FIELDS, STATUS))}.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tenant", "tenant_slug", required=True, metavar="SLUG", help="The tenant of the orders.")
@click.option(
    "--format",
    "format",
    type=click.Choice([BY_HEADER, *FORMATS]),
    default=BY_HEADER,
    show_default=True,
    metavar="NAME",
    help=f"The export's format; {BY_HEADER} recognises it by the header. Names: {', '.join(FORMATS)}.",
)
@click.option(
    "--map", "maps", multiple=True, metavar="FIELD=COLUMN", help="Map a field to a column; FIELD= ignores the field."
)
@click.option(
    "--status",
    multiple=True,
    metavar="WORD=STATE",
    help=f'What a word of a status column means, such as --status "Completed=paid". States: {", ".join(Meaning)}.',
)
@click.option(
    "--owners",
    type=click.Choice(POLICIES),
    default="refuse",
    show_default=True,
    help="Orders of salespeople who are not users yet: refuse the orders, create the users (who cannot sign in before "
    "`flask user password`), or ignore the owner.",
)
@click.option(
    "--decimal",
    type=click.Choice(DECIMALS),
    help="The decimal separator: 12.50 or 12,50. By default it is found in the amounts, or given by the format.",
)
@click.option(
    "--dates",
    type=click.Choice(DATES),
    help="The style of dates that are not clear by themselves: 20.11.2026 (dmy), 11/20/2026 (mdy), 26/11/20 (ymd), 20261120 "
    "(iso, ymd), 46346.5 (excel), 1795176300 or milliseconds (epoch). Dates such as 2026-11-20 and 20 Nov 2026 need none.",
)
@click.option(
    "--zone",
    metavar="NAME",
    help="The zone of times without one, such as UTC or America/Los_Angeles. By default the tenant's; a column's name such "
    "as 'Created (UTC)' comes first.",
)
@click.option(
    "--encoding",
    default="auto",
    show_default=True,
    help="For example cp1252, shift_jis. auto finds UTF-8, UTF-16 and Windows-1252, and shows it.",
)
@click.option("--delimiter", help="One character, or tab. Detected by default: , ; or tab.")
@click.option(
    "--update",
    is_flag=True,
    help="Bring existing orders up to date: payments, shipments, refunds and cancellations are added and never taken back, "
    "the rest becomes as in the file.",
)
@click.option(
    "--header-line", type=int, metavar="N", help="The line with the names of the columns. Detected by default."
)
@click.option(
    "--sheet", metavar="NAME", help="The sheet of a workbook. By default the first with a header that is known."
)
@click.option("--dry-run", is_flag=True, help="Do everything, then roll back.")
def import_orders(maps: tuple[str, ...], **options: Any) -> None:
    """Import orders from the CSV or .xlsx FILE, with one row per order or one row per item of an order.

    Rows are grouped by order number. An order is placed or rejected as a whole; rejected rows are written to a file beside
    FILE, each with its line number and the reason. Without --update an existing number stays as it is. Importing a file again
    changes nothing. A date is midnight in the tenant's time zone, a time without offset its local time (the first of a
    repeated hour).

    Exit code: 0 all rows placed, 1 some rows rejected, 2 nothing placed.
    """
    url = services().config.database_url
    context = click.get_current_context()
    importing = None
    try:
        wish = ImportOptions(mapped=_mapped(maps), path=options.pop("file"), **options)
        with session.connect(url, "doorbell import", autocommit=True) as conn:
            importing = Import(conn, wish)
            result = _run(importing)
    except FileRefused as refused:
        echo(f"Error: {refused}", err=True)
        context.exit(NOTHING_PLACED)
    except psycopg.Error as error:
        text = faults.explain(error) or f"PostgreSQL: {error}"
        echo(f"Error: {text}\n{_outcome(importing)}", err=True)
        context.exit(NOTHING_PLACED)
    except KeyboardInterrupt:
        echo(f"\nStopped. {_outcome(importing)}", err=True)
        context.exit(NOTHING_PLACED)
    _print(importing, result)
    context.exit(_exit_code(result))


def _outcome(importing: Import | None) -> str:
    if importing and importing.placed:
        return "The orders were placed, but the rejected rows were not reported; run the import again for the report."
    return "Nothing was placed; you can run the import again."


def _mapped(maps: tuple[str, ...]) -> dict[str, str]:
    mapped: dict[str, str] = {}
    for text in maps:
        field, equals, column = (part.strip() for part in text.partition("="))
        if not equals:
            raise FileRefused(f"--map {text!r} has no '='; write --map FIELD=COLUMN, such as --map 'number=Order no.'.")
        if field in mapped:
            raise FileRefused(f"--map names the field {field!r} twice; name it once.")
        mapped[field] = column
    return mapped


def _run(importing: Import) -> Result:
    with click.progressbar(
        length=importing.file.size, label=f"Reading {importing.file.path.name}", file=sys.stderr
    ) as bar:
        return importing.run(
            progress=lambda position: bar.update(position - bar.pos),
            placing=lambda orders: echo(f"\nChecking and placing {orders:,} orders …", err=True),
            waiting=lambda: echo(
                f"Another import into {importing.tenant.slug} is running; waiting until it ends …", err=True
            ),
            committing=None if importing.options.dry_run else partial(_record, importing),
        )


def _record(importing: Import, _rows: int, counts: Counts, outcome: Outcome) -> None:
    """In the transaction that places the orders."""
    name = importing.file.path.name
    details = {"orders": outcome.placed, "rejected": counts.rejected_orders, "users": outcome.owners}
    record(importing.conn, Kind.IMPORT_PLACED, tenant_id=importing.tenant.id, subject=name, details=details)


def _print(importing: Import, result: Result) -> None:
    tenant, columns, counts, outcome = importing.tenant, importing.columns, result.counts, result.outcome
    placed, created = ("would place", "would be created") if importing.options.dry_run else ("placed    ", "created")
    lines = [
        f"{importing.file.path} → {tenant.slug} ({tenant.currency}, {tenant.timezone})",
        *([f"  format     This looks like {importing.format.title}."] if importing.format.header else []),
        f"  read as    {importing.file.read_as}; {_style(importing)}",
        f"  columns    {', '.join(map(columns.named, columns.found))}",
        f"  not read   {', '.join(columns.unread) or 'none'}",
        f"  read       {result.rows:,} rows, {counts.orders:,} orders",
        f"  {placed} {outcome.placed:,} orders with {outcome.lines:,} lines",
        *import_updates.lines(outcome, update=importing.options.update, dry_run=importing.options.dry_run),
        f"  rejected   {counts.rejected_orders:,} orders, {counts.rejected_rows:,} rows" + _where(result),
        *(_rejected(row) for row in result.first if result.report_path),
        f"  people     {outcome.owners:,} {created}",
        *(f"  {subject:<10} {text}" for subject, text in result.notes),
        *_unpaid(importing),
        f"  time       {result.seconds:.1f} s",
    ]
    if importing.options.dry_run:
        lines.append("Dry run: everything was rolled back; no order was placed and no user was created.")
    echo("\n".join(lines))
    if result.report_error:
        echo(_unreported(importing, result), err=True)


def _style(importing: Import) -> str:
    style = importing.style
    parts = ["no decimal mark seen" if style.decimal == AUTO else f"decimal {style.decimal}"]
    parts += [f"dates {style.dates}"] if style.dates else []
    return ", ".join([*parts, f"times of {style.zone or importing.tenant.timezone}"])


def _unpaid(importing: Import) -> list[str]:
    if "paid_at" in importing.columns.fields:
        return []
    return [
        "  revenue    0: revenue counts paid orders, and no column has the time of payment; "
        "if one has it, add --map paid_at=Column"
    ]


def _where(result: Result) -> str:
    return f" → {result.report_path}" if result.report_path else ""


def _rejected(row: Rejected) -> str:
    return f"             line {row.line}, order {row.number or '(none)'}: {row.reason}"


def _unreported(importing: Import, result: Result) -> str:
    if not result.counts.rejected_rows:
        return f"The old report beside {importing.file.path} cannot be removed ({result.report_error})."
    head = (
        f"The rejected rows cannot be written to a file beside {importing.file.path} ({result.report_error}). "
        f"The first {len(result.first)} of {result.counts.rejected_rows:,}:"
    )
    return "\n".join([head, *map(_rejected, result.first)])


def _exit_code(result: Result) -> int:
    if not result.counts.rejected_rows:
        return ALL_PLACED
    return SOME_REJECTED if result.counts.orders > result.counts.rejected_orders else NOTHING_PLACED
