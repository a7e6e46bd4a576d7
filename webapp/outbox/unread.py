"""The SQL of unread events: those that a later snapshot sees and an earlier one did not. No other module asks for them.

Ids and xids are assigned before commit, so "greater than the last one seen" loses events. The events that a snapshot could not
see have an xid from its xmax on, or one of the transactions that were in progress then (its xip list). Both parts are index
scans of ix_order_events_xid, so a transaction that stays open costs one element of the list and delays no other event.

The statements are made here and not by a function in the database: with a pinned search_path PostgreSQL does not inline it, and
a read of five events then costs ten times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class EventFilter:
    """The events that a reader reads; all others count as read. A field that is not given is no condition.

    `recorded_from` is inclusive, `recorded_before` exclusive; both are by `recorded_at` and skip whole months.
    """

    tenant_ids: tuple[int, ...] | None = None
    types: tuple[str, ...] | None = None
    ignored_types: tuple[str, ...] = ()
    of_existing_tenants: bool = False
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None

    @property
    def condition(self) -> str:
        """SQL for a row `e` of order_events: "" or " AND …". Its parameters are `values`."""
        conditions = (
            (self.tenant_ids is not None, "e.tenant_id = ANY (%(tenant_ids)s::bigint[])"),
            (self.types is not None, "e.type = ANY (%(types)s::text[])"),
            (bool(self.ignored_types), "e.type <> ALL (%(ignored_types)s::text[])"),
            (self.of_existing_tenants, "EXISTS (SELECT FROM tenants t WHERE t.id = e.tenant_id)"),
            (self.recorded_from is not None, "e.recorded_at >= %(recorded_from)s"),
            (self.recorded_before is not None, "e.recorded_at < %(recorded_before)s"),
        )
        return "".join(f" AND {text}" for is_given, text in conditions if is_given)

    @property
    def values(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.__dict__.items()}


EVERY_EVENT = EventFilter()


def since(columns: str, events: EventFilter = EVERY_EVENT, more: str = "") -> str:
    """SELECT of `columns` of the events that the statement's own snapshot sees and the parameter `since` did not.

    `more` is a further condition on the row `e`, as " AND …". The upper bound excludes rows that came with a dump of another
    cluster and have an xid that this one has not reached; they would be unread for ever.
    """
    until, condition = "pg_current_snapshot()", events.condition + more
    return _union(columns, until, condition)


def between(columns: str, events: EventFilter = EVERY_EVENT) -> str:
    """SELECT of `columns` of the events that the parameter `until` sees and `since` did not, with an id above `last_id`."""
    until = "%(until)s::pg_snapshot"
    return _union(
        columns, until, f" AND pg_visible_in_snapshot(e.xid, {until}) AND e.id > %(last_id)s" + events.condition
    )


def between_by_id(columns: str, events: EventFilter = EVERY_EVENT) -> str:
    """The same events up to the parameter `max_id`, in the order of their ids: a walk through the primary key."""
    return f"""
    SELECT {columns} FROM order_events e
    WHERE e.id > %(last_id)s AND e.id <= %(max_id)s AND NOT pg_visible_in_snapshot(e.xid, %(since)s::pg_snapshot)
        AND pg_visible_in_snapshot(e.xid, %(until)s::pg_snapshot){events.condition}
    ORDER BY e.id
    """  # noqa: S608 - only our constants


def _union(columns: str, until: str, condition: str) -> str:
    return f"""
    SELECT {columns} FROM order_events e
    WHERE e.xid >= pg_snapshot_xmax(%(since)s::pg_snapshot) AND e.xid < pg_snapshot_xmax({until}){condition}
    UNION ALL
    SELECT {columns} FROM order_events e
    WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(%(since)s::pg_snapshot))){condition}
    """  # noqa: S608 - only our constants
