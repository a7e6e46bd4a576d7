"""The rule of a company that each user must have a second factor."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..models import Tenant, User


def change(tenant_id: int, is_required: bool) -> bool:
    """Set the rule. Returns whether that changed anything."""
    with Session(db.engine) as session:
        tenant = session.get_one(Tenant, tenant_id, with_for_update=True)
        if tenant.requires_second_factor == is_required:
            return False
        tenant.requires_second_factor = is_required
        details = {"from": not is_required, "to": is_required}
        record(session, Kind.SECOND_FACTOR_RULE_CHANGED, tenant_id=tenant_id, details=details)
        session.commit()
        return True


def users_with_and_without(tenant_id: int) -> tuple[int, int]:
    """The numbers of enabled users with a second factor and without one."""
    counting = select(func.count(User.second_factor_at), func.count()).where(
        User.tenant_id == tenant_id, User.disabled_at.is_(None)
    )
    with Session(db.engine) as reading:
        with_one, all_users = reading.execute(counting).one()
    return with_one, all_users - with_one
