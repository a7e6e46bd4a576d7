"""The entries of the audit log that an admin searches: one tenant's, newest first, by pages.

An index serves each filter in the order of the page (webapp/models/audit_log.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ..db import db
from ..models import AuditLogEntry, User
from .order_cursor import PageCursor

PAGE_ROWS = 50
# In place of a user's id: what no user did, such as a command or a failed sign-in.
NO_USER = 0
# Of Unicode, so it follows all others in the collation "C".
_LAST_CHARACTER = "\U0010ffff"

_COLUMNS = tuple(
    getattr(AuditLogEntry, name)
    for name in (
        *("id", "at", "kind", "origin", "actor_id", "actor_name", "subject_id", "subject", "address", "session"),
        *("browser", "details", "erased_at"),
    )
)


@dataclass(frozen=True)
class AuditFilter:
    """Entries match all that is set. `subject` is how the subject begins, in any case. `start` is included, `end` is not."""

    kind: str = ""
    actor_id: int | None = None
    address: str = ""
    subject: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class FoundEntry:
    """An entry as its row has it (models/audit_log.py)."""

    id: int
    at: datetime
    kind: str
    origin: str
    actor_id: int | None
    actor_name: str | None
    subject_id: int | None
    subject: str | None
    address: str | None
    session: str | None
    browser: str | None
    details: Mapping[str, Any]
    erased_at: datetime | None

    @property
    def cursor(self) -> PageCursor:
        return PageCursor(self.at, self.id)


def read(
    tenant_id: int | None, wanted: AuditFilter, before: PageCursor | None, limit: int = PAGE_ROWS
) -> list[FoundEntry]:
    """The entries of a page, newest first; one more than `limit` if there is a next page.

    None in place of a tenant: the entries of no tenant, which the role of the web processes does not see.
    """
    return [FoundEntry(*row) for row in db.session.execute(statement(tenant_id, wanted, before, limit))]


def statement(tenant_id: int | None, wanted: AuditFilter, before: PageCursor | None, limit: int) -> Select[Any]:
    at, entry_id = AuditLogEntry.at, AuditLogEntry.id
    found = select(*_COLUMNS).where(AuditLogEntry.tenant_id == tenant_id)
    if wanted.kind:
        found = found.where(AuditLogEntry.kind == wanted.kind)
    if wanted.actor_id == NO_USER:
        found = found.where(AuditLogEntry.actor_id.is_(None))
    elif wanted.actor_id is not None:
        found = found.where(AuditLogEntry.actor_id == wanted.actor_id)
    if wanted.address:
        found = found.where(AuditLogEntry.address == wanted.address)
    if wanted.subject:
        # Not LIKE: it is not leakproof, so under the policy no index would serve it.
        key, first = AuditLogEntry.subject_key, func.lower(wanted.subject)
        found = found.where(key >= first, key < first.concat(_LAST_CHARACTER))
    if wanted.start is not None:
        found = found.where(at >= wanted.start)
    if wanted.end is not None:
        found = found.where(at < wanted.end)
    if before is not None:
        # The bound on `at` alone is what an index reads from.
        found = found.where(at <= before.at, (at < before.at) | (entry_id < before.id))
    return found.order_by(at.desc(), entry_id.desc()).limit(limit + 1)


def people(tenant_id: int) -> dict[int, str]:
    """The names of the tenant's users by id, disabled ones too."""
    statement = select(User.id, User.name).where(User.tenant_id == tenant_id).order_by(func.lower(User.name), User.id)
    with Session(db.engine) as reading:
        return {user.id: user.name for user in reading.execute(statement)}
