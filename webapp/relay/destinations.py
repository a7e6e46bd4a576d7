"""Destinations: the rows of relay_destinations as objects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from ..outbox.reader import Reader
from ..outbox.unread import EventFilter

ACTIVE, PAUSED, DISABLED = "active", "paused", "disabled"
READER_PREFIX = "relay "
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class NoSuchDestination(Exception):
    """There is no destination of this name. The message has the names there are."""


@dataclass(frozen=True)
class Destination:
    """Where events are sent; models/relay.py describes the fields. `secrets` are encrypted.

    `version` differs after each change of the row.
    """

    id: int
    name: str
    kind: str
    url: str
    secrets: bytes | None = field(repr=False)
    tenant_id: int | None
    types: list[str] | None
    recorded_from: datetime | None
    state: str
    state_reason: str | None
    state_at: datetime
    next_sequence: int
    incarnation: int
    sent: int
    last_sent_at: datetime | None
    failing_since: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    created_at: datetime
    version: str

    @property
    def reader(self) -> Reader:
        """The reader of its events, whose saved cursor is how far they are acknowledged."""
        return Reader(READER_PREFIX + self.name, self.events)

    @property
    def events(self) -> EventFilter:
        """The events that go to this destination. Those of a deleted tenant have no name any more."""
        return EventFilter(
            tenant_ids=None if self.tenant_id is None else (self.tenant_id,),
            types=None if self.types is None else tuple(self.types),
            recorded_from=self.recorded_from,
            of_existing_tenants=True,
        )


_COLUMNS = ", ".join(column.name for column in fields(Destination)).replace("version", "xmin::text AS version")
_SELECT = f"SELECT {_COLUMNS} FROM relay_destinations"  # noqa: S608 - only our constants
# A tenant sees its own destinations. It sees those of all tenants only while it is the only one, because their lag, errors
# and dead letters are about other tenants too.
_VISIBLE = """
(tenant_id = %(tenant)s OR tenant_id IS NULL AND tenancy_is_only(%(tenant)s))
"""


def every(conn: psycopg.Connection[Any]) -> list[Destination]:
    """All destinations by name. Raises psycopg.Error, as each function here."""
    return _read(conn, f"{_SELECT} ORDER BY name", {})


def by_name(conn: psycopg.Connection[Any], name: str) -> Destination:
    """Raises NoSuchDestination."""
    for destination in _read(conn, f"{_SELECT} WHERE name = %(name)s", {"name": name}):
        return destination
    names = [destination.name for destination in every(conn)]
    known = f"there are: {', '.join(names)}" if names else "there are none yet; add one with: flask relay add"
    # Not shown when it is not a name: it may be an address with a password.
    asked = repr(name) if NAME.fullmatch(name) else "of this name"
    raise NoSuchDestination(f"There is no destination {asked}; {known}.")


def by_id(conn: psycopg.Connection[Any], destination_id: int) -> Destination | None:
    return next(iter(_read(conn, f"{_SELECT} WHERE id = %(id)s", {"id": destination_id})), None)


def visible(conn: psycopg.Connection[Any], tenant_id: int) -> list[Destination]:
    """The destinations that the managers of a tenant see, by name."""
    return _read(conn, f"{_SELECT} WHERE {_VISIBLE} ORDER BY name", {"tenant": tenant_id})


def visible_by_name(conn: psycopg.Connection[Any], tenant_id: int, name: str) -> Destination | None:
    """One of them; None when there is no such destination or the tenant does not see it."""
    values = {"tenant": tenant_id, "name": name}
    return next(iter(_read(conn, f"{_SELECT} WHERE {_VISIBLE} AND name = %(name)s", values)), None)


def _read(conn: psycopg.Connection[Any], statement: str, values: dict[str, Any]) -> list[Destination]:
    with conn.cursor(row_factory=class_row(Destination)) as rows:
        return rows.execute(statement, values).fetchall()
