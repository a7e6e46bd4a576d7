"""The CSV file of the audit log, page by page, in the words of the page and with the values as they are stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar
from zoneinfo import ZoneInfo

from ..accounts.current import show_tenant
from ..display.audit_texts import more_texts, what_text, who_text
from ..models import Tenant
from ..queries import audit_log
from ..queries.audit_log import AuditFilter, FoundEntry
from ..queries.order_cursor import PageCursor
from . import cells

PAGE_ENTRIES = 500
COLUMNS = (
    *("Id", "Time", "Who", "User id", "What", "Changes", "Kind", "Subject", "Address", "Session", "Browser", "Origin"),
    "Details",
)


@dataclass(frozen=True)
class AuditCsv:
    """The file of the entries of `tenant` that match `wanted`, newest first, in the language of `locale`."""

    sent: ClassVar[str] = "sent a file of the audit log"
    cut_off: ClassVar[str] = "cut off a file of the audit log"
    rows: ClassVar[str] = "entries"
    tenant: Tenant
    wanted: AuditFilter
    locale: str

    def header(self) -> bytes:
        return cells.BOM + cells.encode([COLUMNS])

    def read(self, before: PageCursor | None) -> tuple[bytes, int, PageCursor | None]:
        # A page has a context of its own, without the request and its user.
        show_tenant(self.tenant, self.locale)
        found = audit_log.read(self.tenant.id, self.wanted, before, PAGE_ENTRIES)
        shown, zone = found[:PAGE_ENTRIES], ZoneInfo(self.tenant.timezone)
        older = shown[-1].cursor if len(found) > PAGE_ENTRIES else None
        return cells.encode([_row(entry, zone) for entry in shown]), len(shown), older


def _row(entry: FoundEntry, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        str(entry.id),
        cells.moment(entry.at, zone),
        who_text(entry),
        "" if entry.actor_id is None else str(entry.actor_id),
        what_text(entry),
        "; ".join(more_texts(entry)),
        entry.kind,
        entry.subject or "",
        entry.address or "",
        entry.session or "",
        entry.browser or "",
        entry.origin,
        json.dumps(entry.details, ensure_ascii=False) if entry.details else "",
    )
