"""Reads and writes a company's targets, working days and holidays. Each function is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..models import Holiday, SalesTarget, Tenant, User

# Changed targets that an entry of the audit log names.
SHOWN_TARGETS = 50

# An owner's id, or None for the team, and a period.
Place = tuple[int | None, str]


@dataclass(frozen=True)
class TargetSettings:
    """`people` are the names of the active users by id. Amounts are in minor units. Holidays are sorted by day."""

    people: Mapping[int, str]
    amounts: Mapping[Place, int]
    working_days: frozenset[int]
    holidays: tuple[Holiday, ...]


def read(tenant_id: int, since: date) -> TargetSettings:
    """The settings, with the holidays from `since` on."""
    users = db.session.execute(
        select(User.id, User.name)
        .where(User.tenant_id == tenant_id, User.disabled_at.is_(None))
        .order_by(User.name, User.id)
    )
    people = {user.id: user.name for user in users}
    targets = db.session.scalars(select(SalesTarget).where(SalesTarget.tenant_id == tenant_id))
    amounts = {(target.owner_id, target.period): target.amount_minor for target in targets}
    days = db.session.scalars(select(Tenant.working_days).where(Tenant.id == tenant_id)).one()
    holidays = db.session.scalars(
        select(Holiday).where(Holiday.tenant_id == tenant_id, Holiday.day >= since).order_by(Holiday.day)
    )
    return TargetSettings(people, amounts, frozenset(days), tuple(holidays))


def save(tenant_id: int, amounts: Mapping[Place, int | None], working_days: Iterable[int]) -> None:
    """Set the targets of these places, and remove those without an amount. Other places keep theirs."""
    _record(tenant_id, amounts, sorted(set(working_days)))
    for owner_id, period in amounts:
        db.session.execute(
            delete(SalesTarget).where(
                SalesTarget.tenant_id == tenant_id,
                SalesTarget.owner_id.is_not_distinct_from(owner_id),
                SalesTarget.period == period,
            )
        )
    rows = [
        {"tenant_id": tenant_id, "owner_id": owner_id, "period": period, "amount_minor": amount}
        for (owner_id, period), amount in amounts.items()
        if amount is not None
    ]
    if rows:
        db.session.execute(insert(SalesTarget), rows)
    db.session.execute(update(Tenant).where(Tenant.id == tenant_id).values(working_days=sorted(set(working_days))))
    db.session.commit()


def _record(tenant_id: int, amounts: Mapping[Place, int | None], working_days: list[int]) -> None:
    """An entry of the audit log, unless everything is as before."""
    rows = db.session.scalars(select(SalesTarget).where(SalesTarget.tenant_id == tenant_id))
    before = {(target.owner_id, target.period): target.amount_minor for target in rows}
    changed = [
        {"owner_id": owner_id, "period": period, "from": before.get((owner_id, period)), "to": amount}
        for (owner_id, period), amount in amounts.items()
        if before.get((owner_id, period)) != amount
    ]
    days = db.session.scalars(select(Tenant.working_days).where(Tenant.id == tenant_id)).one()
    details: dict[str, Any] = {"targets": len(changed), "first": changed[:SHOWN_TARGETS]} if changed else {}
    if sorted(days) != working_days:
        details["working_days"] = [sorted(days), working_days]
    if details:
        record(db.session, Kind.TARGET_CHANGED, tenant_id=tenant_id, details=details)


def add_holiday(tenant_id: int, day: date, name: str) -> str | None:
    """Add a holiday. Returns the name of the holiday that the day already is, else None."""
    statement = postgresql.insert(Holiday).values(tenant_id=tenant_id, day=day, name=name).on_conflict_do_nothing()
    added = db.session.execute(statement.returning(Holiday.day)).first()
    holiday = None if added else db.session.get(Holiday, (tenant_id, day))
    if added:
        _record_holiday(tenant_id, day, name, "added")
    db.session.commit()
    return holiday.name if holiday else None


def remove_holiday(tenant_id: int, day: date) -> str | None:
    """Remove a holiday. Returns its name; None if the day is not a holiday."""
    statement = delete(Holiday).where(Holiday.tenant_id == tenant_id, Holiday.day == day).returning(Holiday.name)
    name: str | None = db.session.scalars(statement).one_or_none()
    if name is not None:
        _record_holiday(tenant_id, day, name, "removed")
    db.session.commit()
    return name


def _record_holiday(tenant_id: int, day: date, name: str, done: str) -> None:
    details = {"done": done, "day": day.isoformat()}
    record(db.session, Kind.HOLIDAY_CHANGED, tenant_id=tenant_id, subject=name, details=details)
