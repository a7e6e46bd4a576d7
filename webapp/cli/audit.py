"""`flask audit list`: entries of the audit log, also those of no tenant, which no page shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from ..accounts import admin
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..db import db
from ..order_export import cells
from ..queries import audit_log
from ..queries.audit_log import AuditFilter, FoundEntry
from . import echo, stop, table
from .relay_command import time_option

PAGE_ENTRIES = 500
TABLE_ENTRIES = 100
# Of a cell of the table; the file has all of it.
CELL_MAX_CHARS = 60
HEADS = ("id", "time", "who", "kind", "subject", "address", "browser", "details")

audit_cli = AppGroup("audit", help="Who did what, when and from where.")


@audit_cli.command("list")
@click.option("--tenant", "slug", metavar="SLUG", help="The entries of this tenant.")
@click.option("--no-tenant", is_flag=True, help="The entries of no tenant, such as sign-ins with an unknown e-mail.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind]),
    metavar="KIND",
    help="Only this action, such as sign_in_failed.",
)
@click.option("--since", callback=time_option, metavar="TIME", help="Only entries of TIME or later.")
@click.option("--limit", type=click.IntRange(min=1), help="The newest ones; 100 by default, all with --csv.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a CSV file instead of a table, and record that.")
def show(
    slug: str | None, no_tenant: bool, kind: str | None, since: datetime | None, limit: int | None, as_csv: bool
) -> None:
    """List the entries of one tenant, or those of none, newest first."""
    if no_tenant == (slug is not None):
        stop("Give either --tenant SLUG or --no-tenant.")
    tenant_id = None if slug is None else _tenant_id(slug)
    wanted = AuditFilter(kind=kind or "", start=since)
    if as_csv:
        record_alone(Kind.EXPORT, tenant_id=tenant_id, details={"what": "audit_log"})
        _write(cells.encode([HEADS]))
        for entry in _entries(tenant_id, wanted, limit):
            _write(cells.encode([_row(entry)]))
        return
    rows = [
        tuple(text[:CELL_MAX_CHARS] for text in _row(entry))
        for entry in _entries(tenant_id, wanted, limit or TABLE_ENTRIES)
    ]
    if rows:
        table(HEADS, rows)
    else:
        echo("There are no such entries.")


def _tenant_id(slug: str) -> int:
    try:
        with Session(db.engine) as reading:
            return admin.require_tenant(reading, slug).id
    except admin.AccountError as error:
        stop(str(error))


def _entries(tenant_id: int | None, wanted: AuditFilter, limit: int | None) -> Iterator[FoundEntry]:
    before, left = None, limit
    while left is None or left > 0:
        found = audit_log.read(tenant_id, wanted, before, PAGE_ENTRIES)
        page = found[:PAGE_ENTRIES] if left is None else found[: min(PAGE_ENTRIES, left)]
        yield from page
        if len(found) <= PAGE_ENTRIES:
            return
        before, left = page[-1].cursor, None if left is None else left - len(page)


def _row(entry: FoundEntry) -> tuple[str, ...]:
    actor = "" if entry.actor_id is None else f"user {entry.actor_id}"
    details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
    texts = (entry.actor_name or actor, entry.kind, entry.subject, entry.address, entry.browser, details)
    return (str(entry.id), entry.at.isoformat(sep=" ", timespec="seconds"), *(text or "" for text in texts))


def _write(content: bytes) -> None:
    # As it is, unlike `echo`: a program reads the file.
    sys.stdout.buffer.write(content)
