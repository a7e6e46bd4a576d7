"""The whole import of one file, from the path to what became of its orders."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from . import columns, load, owners, report, shopify, staging
from .csvfile import OrdersFile
from .faults import FileRefused
from .rows import RowParser, Slots
from .values import Values

Match = Callable[[Sequence[str], Mapping[str, str]], columns.Columns]
FORMATS: dict[str, tuple[Match, type[RowParser]]] = {
    "csv": (columns.match, RowParser),
    "shopify": (shopify.match, shopify.ShopifyRows),
}
SHOWN_TENANTS = 10
FIRST_ROWS, FIRST_ROWS_UNREPORTED = 3, 20  # rejected rows that the summary shows
SETTINGS = (  # of this session
    "SET temp_buffers = '64MB'",  # room to group half a million rows without going through the disk
    "SET work_mem = '64MB'",
    # Statistics lag behind what an import has just placed: of a new tenant PostgreSQL then expects one order, loops over
    # all lines for each of half a million, and never ends. Hash and merge joins are right for whole files anyway.
    "SET enable_nestloop = off",
)


@dataclass(frozen=True)
class ImportOptions:
    """What the person asked for. `mapped`: field → column name, over the names that would be found."""

    path: Path
    tenant_slug: str
    format: str = "csv"
    mapped: Mapping[str, str] = field(default_factory=dict)
    owners: str = "refuse"
    decimal: str = "point"
    encoding: str = "utf-8"
    delimiter: str | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Result:
    """What was read and what became of it. `report_path` is where the rejected rows are; `first` a few of them.
    When no report could be written `report_error` says why, and `first` are more.
    """

    rows: int
    counts: report.Counts
    outcome: load.Outcome
    report_path: Path | None
    report_error: str
    first: list[report.Rejected]
    seconds: float


@dataclass(frozen=True)
class ImportTenant:
    """What the import needs to know of a tenant."""

    id: int
    slug: str
    timezone: str
    currency: str


class Import:
    """One file into one tenant. Made (the header is read and matched), then run; both raise FileRefused."""

    def __init__(self, conn: psycopg.Connection, wish: ImportOptions) -> None:
        """`conn` is in autocommit: the staging is no transaction that others would have to wait for."""
        self.conn = conn
        self.wish = wish
        self.tenant = _tenant(conn, wish.tenant_slug)
        self.file = OrdersFile.open(wish.path, wish.encoding, wish.delimiter)
        match, self.row_parser = FORMATS[wish.format]
        self.columns = match(self.file.header, wish.mapped)
        self.placed = False  # whether the orders were committed, for whoever has to say how far it came

    def run(
        self,
        progress: Callable[[int], None] | None = None,
        placing: Callable[[int], None] | None = None,
        waiting: Callable[[], None] | None = None,
    ) -> Result:
        """Read, stage, check, place, report. `progress` gets the bytes read, `placing` the number of good orders; `waiting`
        is called once where another import into the tenant has to end first.
        """
        begin = time.monotonic()
        for setting in SETTINGS:
            self.conn.execute(setting)
        self.conn.execute("SELECT set_config('TimeZone', %s, false)", [self.tenant.timezone])  # for times in reasons
        values = Values(self.tenant.timezone, self.tenant.currency, self.wish.decimal)
        rows = staging.stage(self.conn, self._staged(values, progress))
        if not rows:
            raise FileRefused(f"{self.file.path} has a header and no rows; there is nothing to import.")
        staging.group(self.conn, values.digits)
        owners.find_owners(self.conn, self.tenant.id, self.tenant.slug, self.wish.owners)
        counts = report.count(self.conn)
        if placing:
            placing(counts.orders - counts.rejected_orders)
        outcome = load.place(
            self.conn,
            self.tenant.id,
            self.tenant.currency,
            self.wish.format,
            create_owners=self.wish.owners == "create",
            dry_run=self.wish.dry_run,
            waiting=waiting,
        )
        self.placed = not self.wish.dry_run
        path, error = self._report(counts)
        first = report.first(self.conn, FIRST_ROWS if path else FIRST_ROWS_UNREPORTED)
        return Result(rows, counts, outcome, path, error, first, time.monotonic() - begin)

    def _staged(self, values: Values, progress: Callable[[int], None] | None) -> Iterator[Slots]:
        parse = self.row_parser(self.columns, values).parse
        for line, cells in self.file.rows(progress):
            yield parse(line, cells)

    def _report(self, counts: report.Counts) -> tuple[Path | None, str]:
        try:
            if counts.rejected_rows:
                return report.write(self.conn, self.file), ""
            if not self.wish.dry_run:  # which takes nothing away
                report.remove(self.file.path)
        except OSError as error:
            return None, error.strerror or str(error)
        return None, ""


def _tenant(conn: psycopg.Connection, slug: str) -> ImportTenant:
    found = conn.execute("SELECT id, slug, timezone, currency FROM tenants WHERE slug = %s", [slug]).fetchone()
    if found:
        return ImportTenant(*found)
    known = [row[0] for row in conn.execute("SELECT slug FROM tenants ORDER BY slug LIMIT %s", [SHOWN_TENANTS + 1])]
    if not known:
        raise FileRefused(f"There is no tenant {slug!r}, nor any other; make one with `flask tenant create`.")
    shown = ", ".join(known[:SHOWN_TENANTS]) + (", …" if len(known) > SHOWN_TENANTS else "")
    raise FileRefused(f"There is no tenant {slug!r}; there are: {shown}.")
