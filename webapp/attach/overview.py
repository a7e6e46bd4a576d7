"""An attached table as its page shows it, and the tables that could be attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from . import attachable, attachments, problems, triggers
from .attachments import BACKFILLING, Attachment
from .errors import AttachRefused
from .problems import RowProblem

SHOWN_PROBLEMS = 10
MAX_CANDIDATES = 50

# Tables with a primary key that Doorbell's role may read, lock and put triggers on, and that are not Doorbell's.
_CANDIDATES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%%'
    AND NOT (c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'orders'::regclass)
             AND (c.relname = ANY (%(own)s) OR c.relname LIKE 'order\\_events%%'))
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    AND has_table_privilege(c.oid, 'TRIGGER') AND has_any_column_privilege(c.oid, 'UPDATE')
    AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
    AND NOT EXISTS (SELECT FROM attachments a WHERE a.relation = c.oid)
ORDER BY c.relname !~* 'order|sale|invoice', 1 LIMIT %(limit)s
"""


@dataclass(frozen=True)
class AttachedView:
    """One attached table: its counts, its newest problems, and the triggers that do not fire as they should."""

    attachment: Attachment
    problem_count: int
    problems: tuple[RowProblem, ...]
    silent_triggers: tuple[str, ...]
    is_gone: str | None

    @property
    def state(self) -> str:
        """The word of the badge: fault, backfilling, drift, problems or live."""
        attachment = self.attachment
        if attachment.fault or self.silent_triggers or self.is_gone:
            return "fault"
        if attachment.state == BACKFILLING:
            return "backfilling"
        if attachment.drift:
            return "drift"
        return "problems" if self.problem_count else "live"

    @property
    def rows_total(self) -> int:
        """The rows to copy, of which some are estimated."""
        return max(self.attachment.rows_done, self.attachment.rows_total)


def read(conn: psycopg.Connection[Any], tenant_id: int) -> list[AttachedView]:
    """The attached tables that the managers of a tenant see."""
    return [_view(conn, attachment) for attachment in attachments.visible(conn, tenant_id)]


def visible_by_id(conn: psycopg.Connection[Any], tenant_id: int, attachment_id: int) -> Attachment | None:
    return next((found for found in attachments.visible(conn, tenant_id) if found.id == attachment_id), None)


def needing_attention(conn: psycopg.Connection[Any], tenant_id: int) -> int:
    return sum(view.state not in ("live", "backfilling") for view in read(conn, tenant_id))


def candidates(conn: psycopg.Connection[Any], tenant_id: int) -> list[str]:
    """Names of tables that the page may propose; none while there are several tenants.

    A proposal shows rows. With several tenants, a manager of one could read the orders of another in it.
    """
    row = conn.execute("SELECT tenancy_is_only(%s)", [tenant_id]).fetchone()
    if row is None or not row[0]:
        return []
    return [
        found[0] for found in conn.execute(_CANDIDATES, {"limit": MAX_CANDIDATES, "own": list(attachable.own_tables())})
    ]


def _view(conn: psycopg.Connection[Any], attachment: Attachment) -> AttachedView:
    count = problems.count(conn, attachment.id)
    newest = tuple(problems.newest(conn, attachment.id, SHOWN_PROBLEMS)) if count else ()
    try:
        target = attachments.target_of(conn, attachment)
    except AttachRefused as error:
        return AttachedView(attachment, count, newest, (), str(error))
    silent = [f"{trigger.name} on {trigger.sql}" for trigger in triggers.disabled(conn, target)]
    silent += [f"{trigger.name} on {trigger.part.name}" for trigger in triggers.missing(conn, target)]
    return AttachedView(attachment, count, newest, tuple(silent), None)
