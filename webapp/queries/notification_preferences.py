"""A user's notification preferences: the channels of each kind, muted kinds, and quiet hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from ..db import db
from ..events.notification_kinds import CHANNELS, DEFAULT_CHANNELS
from ..models import Tenant, User

# Served by both primary keys.
SQL = text("""
    SELECT p.kind, p.toast, p.sound, p.desktop, p.push, p.muted_at, q.starts, q.ends
    FROM (VALUES (1)) AS one
    LEFT JOIN quiet_hours q ON q.tenant_id = :tenant AND q.user_id = :user
    LEFT JOIN notification_preferences p ON p.tenant_id = :tenant AND p.user_id = :user
""")
SILENT: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Preference:
    """The stored channels of a kind. A kind with `muted_at` uses none of them."""

    channels: frozenset[str] = DEFAULT_CHANNELS
    muted_at: datetime | None = None


@dataclass(frozen=True)
class QuietTimes:
    """From `starts` to before `ends`, over midnight where `ends` is earlier."""

    starts: time
    ends: time

    def contains(self, local: time) -> bool:
        if self.starts < self.ends:
            return self.starts <= local < self.ends
        return local >= self.starts or local < self.ends


@dataclass(frozen=True)
class Preferences:
    """One user's preferences. A kind without a stored preference has the defaults."""

    by_kind: Mapping[str, Preference]
    quiet: QuietTimes | None = None

    def of(self, kind: str) -> Preference:
        return self.by_kind.get(kind, Preference())

    def with_channels(self, channels: Mapping[str, frozenset[str]]) -> Preferences:
        """The same mutes and quiet hours with these channels."""
        changed = {kind: Preference(wanted, self.of(kind).muted_at) for kind, wanted in channels.items()}
        return Preferences({**self.by_kind, **changed}, self.quiet)

    def is_quiet(self, now: datetime, zone_name: str) -> bool:
        """Whether `now` (aware) is in the quiet hours, by the wall clock of the tenant's zone."""
        return self.quiet is not None and self.quiet.contains(now.astimezone(ZoneInfo(zone_name)).time())

    def channels(self, kind: str, is_quiet: bool) -> frozenset[str]:
        """The channels that a notification of this kind uses now."""
        wanted = self.of(kind)
        return SILENT if is_quiet or wanted.muted_at else wanted.channels


def read(tenant: Tenant, user: User) -> Preferences:
    return of_rows(db.session.execute(SQL, {"tenant": tenant.id, "user": user.id}).all())


def of_rows(rows: Sequence[Any]) -> Preferences:
    """The preferences in rows with the columns of SQL; at least one row."""
    by_kind = {row.kind: Preference(_channels(row), row.muted_at) for row in rows if row.kind is not None}
    quiet = QuietTimes(rows[0].starts, rows[0].ends) if rows[0].starts is not None else None
    return Preferences(by_kind, quiet)


def _channels(row: Any) -> frozenset[str]:
    return frozenset(channel for channel in CHANNELS if getattr(row, channel))
