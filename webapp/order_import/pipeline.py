"""The whole import of one file, from its path to the result."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psycopg

from ..language import gettext as _
from . import decimal_mark, owners, placement, report, returns, staging, statuses
from .batch_parser import BatchParser
from .cell_parsers import CellParsers
from .encodings import AUTO as DETECTED
from .errors import FileRefused
from .formats import registry
from .formats.format import Format
from .formats.reading import Reading
from .orders_file import OrdersFile
from .value_style import AUTO, POINT, ValueStyle

# Called with the number of rows, the counts and the outcome.
Committing = Callable[[int, report.Counts, placement.Outcome], None]
FORMATS = registry.FORMATS
# Parsed and copied at once. An invalid row makes its batch slower, so larger batches do not pay.
BATCH_ROWS = 200
MAX_TENANTS_SHOWN = 10
# Rejected rows that the summary shows: with a report, and without one.
FIRST_ROWS, FIRST_ROWS_UNREPORTED = 3, 20
SESSION_SETTINGS = (
    # Enough to group half a million rows in memory.
    "SET temp_buffers = '64MB'",
    "SET work_mem = '64MB'",
    # Statistics lag behind what an import has just placed. For a new tenant PostgreSQL would then expect one order and scan
    # all lines for each of half a million, without end. Hash and merge joins suit whole files anyway.
    "SET enable_nestloop = off",
    # Hash and merge joins need rough numbers of rows only.
    "SET default_statistics_target = 10",
    # The time goes into indexes, triggers and foreign keys, which compiling does not make faster.
    "SET jit = off",
)


@dataclass(frozen=True)
class ImportOptions:
    """The options of one import. `mapped` (field → column name) overrides the columns found by name.

    `format` is a name of FORMATS, or "auto": by the header. `status` has texts such as "Completed=paid". `decimal`, `dates`
    and `zone` override the format's ValueStyle; None keeps it. `header_line` is the number of the line, or of the sheet's row,
    that names the columns. With `update`, orders that exist are brought up to date (updates.py).
    """

    path: Path
    tenant_slug: str
    format: str = registry.BY_HEADER
    mapped: Mapping[str, str] = field(default_factory=dict)
    owners: str = "refuse"
    decimal: str | None = None
    dates: str | None = None
    zone: str | None = None
    encoding: str = DETECTED
    delimiter: str | None = None
    header_line: int | None = None
    sheet: str | None = None
    dry_run: bool = False
    update: bool = False
    status: Sequence[str] = ()


@dataclass(frozen=True)
class Result:
    """The result of an import. `report_path` is the report of rejected rows; `first` holds a few of them.

    When the report could not be written, `report_error` is the reason and `first` holds more rows. `notes` are (subject, text)
    for the summary: what status words meant, where times came from, what was left out.
    """

    rows: int
    counts: report.Counts
    outcome: placement.Outcome
    report_path: Path | None
    report_error: str
    first: list[report.Rejected]
    seconds: float
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class ImportTenant:
    """The columns of a tenant that an import needs."""

    id: int
    slug: str
    timezone: str
    currency: str


class Import:
    """The import of one file into one tenant. The constructor, which matches the header, and `run` raise FileRefused."""

    def __init__(self, conn: psycopg.Connection, options: ImportOptions, sample: int | None = None) -> None:
        """`conn` is in autocommit mode, so that staging holds no transaction open for others to wait on.

        With a `sample` only so many rows are read to find the decimal mark: for a preview.
        """
        self.conn = conn
        self.options = options
        self.tenant = _tenant(conn, options.tenant_slug)
        # Checked before the file is read.
        ValueStyle().overridden(options.decimal, options.dates, options.zone)
        self.given_states = statuses.parse_given(options.status)
        expected = [*(name for name in options.mapped.values() if name), *registry.header_names()]
        self.file = OrdersFile.open(
            options.path, options.encoding, options.delimiter, options.header_line, options.sheet, expected
        )
        self.layout = registry.choose(options.format, self.file.header, options.mapped)
        self.format: Format = self.layout.format
        self.columns = self.layout.columns
        if self.given_states and not self.layout.statuses:
            raise FileRefused(
                _("--status needs a status column, and none was found; name it with --map status=Column.")
            )
        style = self.format.style.overridden(options.decimal, options.dates, options.zone)
        if style.decimal == AUTO:
            style = replace(style, decimal=decimal_mark.find(self.file, self.columns, sample))
        self.style = style
        self.file = self.file.with_decimal(POINT if style.decimal == AUTO else style.decimal)
        # Whether the orders were committed, so that a caller can report it after an interrupt.
        self.placed = False

    def run(
        self,
        progress: Callable[[int], None] | None = None,
        placing: Callable[[int], None] | None = None,
        waiting: Callable[[], None] | None = None,
        committing: Committing | None = None,
        waited: Callable[[], None] | None = None,
    ) -> Result:
        """Read, stage, check, place and report the file's orders.

        `progress` gets the bytes read, `placing` the number of valid orders. `waiting` is called if another import into
        the tenant must finish first, and `waited` when it has; `committing` last in the transaction that places the orders.
        """
        begin = time.monotonic()
        rows = self.stage(progress)
        counts = report.count(self.conn)
        if placing:
            placing(counts.orders - counts.rejected_orders)
        plan = placement.Placing(
            tenant_id=self.tenant.id,
            currency=self.tenant.currency,
            digits=self.reading.rows.parsers.digits,
            source=self.format.source,
            fields=self.columns.fields | ({"refunded"} if self.has_returns else set()),
            create_owners=self.options.owners == "create",
            update=self.options.update,
            dry_run=self.options.dry_run,
        )
        last = partial(committing, rows, counts) if committing else None
        outcome = placement.place(self.conn, plan, waiting, last, waited)
        self.placed = not self.options.dry_run
        path, error = self._report(counts)
        first = report.first(self.conn, FIRST_ROWS if path else FIRST_ROWS_UNREPORTED)
        return Result(rows, counts, outcome, path, error, first, time.monotonic() - begin, self.reading.notes())

    def stage(self, progress: Callable[[int], None] | None = None, sample: int | None = None) -> int:
        """Stage and check the rows, or only the first ones (`sample`); nothing is placed. Returns the number of rows."""
        for setting in SESSION_SETTINGS:
            self.conn.execute(setting)
        # Reasons show times in the tenant's zone.
        self.conn.execute("SELECT set_config('TimeZone', %s, false)", [self.tenant.timezone])
        self.reading = reading = Reading(self.layout, self._parsers, self.given_states)
        parsed = self._parsed(reading, itertools.islice(self.file.rows(progress), sample))
        rows = staging.stage(self.conn, parsed) + reading.left_out_rows
        reading.require_known()
        if not rows:
            raise FileRefused(_("%(path)s has a header but no rows; there is nothing to import.", path=self.file.path))
        self.has_returns = returns.take(self.conn)
        staging.group(self.conn, reading.rows.parsers.digits)
        if self.has_returns:
            returns.refund(self.conn, self.tenant.id, self.tenant.slug, reading.rows.parsers.digits)
        owners.find_owners(self.conn, self.tenant.id, self.tenant.slug, self.options.owners)
        return rows

    def _parsers(self, zone: str | None) -> CellParsers:
        """The parsers for a time zone; None is the file's own."""
        style = replace(self.style, zone=zone) if zone else self.style
        return CellParsers(self.tenant.timezone, self.tenant.currency, style)

    def _parsed(self, reading: Reading, rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[str]]:
        """The rows in COPY's text format, in batches."""
        parser = BatchParser(reading.rows)
        while batch := list(itertools.islice(rows, BATCH_ROWS)):
            parsed = parser.parse(batch)
            reading.left_out_rows += len(batch) - len(parsed)
            yield parsed

    def _report(self, counts: report.Counts) -> tuple[Path | None, str]:
        try:
            if counts.rejected_rows:
                return report.write(self.conn, self.file), ""
            if not self.options.dry_run:  # a dry run deletes nothing
                report.remove(self.file.path)
        except OSError as error:
            return None, error.strerror or str(error)
        return None, ""


def _tenant(conn: psycopg.Connection, slug: str) -> ImportTenant:
    found = conn.execute("SELECT id, slug, timezone, currency FROM tenants WHERE slug = %s", [slug]).fetchone()
    if found:
        return ImportTenant(*found)
    known = [row[0] for row in conn.execute("SELECT slug FROM tenants ORDER BY slug LIMIT %s", [MAX_TENANTS_SHOWN + 1])]
    if not known:
        raise FileRefused(
            _(
                "There is no tenant %(slug)r, and no tenant at all yet; create one with `flask tenant create`.",
                slug=slug,
            )
        )
    shown = ", ".join(known[:MAX_TENANTS_SHOWN]) + (", …" if len(known) > MAX_TENANTS_SHOWN else "")
    raise FileRefused(_("There is no tenant %(slug)r. Existing tenants: %(shown)s.", slug=slug, shown=shown))
