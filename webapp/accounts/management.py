"""Changes that an admin makes to a user of the same tenant. Each is one transaction; on RefusedChange nothing is changed.

A trigger ends the user's sessions with a new role and when the user is disabled. Callers send the notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..language import gettext as _
from ..models import User
from . import own_sessions
from .permissions import Permission, may, roles_with

_IS_ADMIN = User.role.in_(roles_with(Permission.MANAGE_USERS))

# The details of the audit log's entry; None if nothing differs from before.
Details = Mapping[str, Any] | None


class UnknownUser(Exception):
    """The tenant has no such user."""


class RefusedChange(Exception):
    """The change is not allowed. The text is for the admin."""


@dataclass(frozen=True)
class ChangedUser:
    """The user after the change, detached, and whether anything differs from before."""

    user: User
    changed: bool


@dataclass(frozen=True)
class UserChange:
    """A change by the admin `actor_id` to the user `user_id`, both of the tenant `tenant_id`."""

    tenant_id: int
    actor_id: int
    user_id: int

    def rename(self, name: str) -> ChangedUser:
        def change(_session: Session, user: User) -> Details:
            before, user.name = user.name, name
            return None if before == name else {"person": {"name": [before, name]}}

        return self._apply(Kind.USER_RENAMED, change)

    def set_role(self, role: str) -> ChangedUser:
        """Raises RefusedChange for the last active admin."""

        def change(session: Session, user: User) -> Details:
            if user.role == role:
                return None
            self._check_not_last(session, user)
            before, user.role = user.role, role
            return {"from": before, "to": role}

        return self._apply(Kind.ROLE_CHANGED, change)

    def disable(self) -> ChangedUser:
        """Raises RefusedChange for the admin's own account, and for the last active admin."""

        def change(session: Session, user: User) -> Details:
            if user.id == self.actor_id:
                raise RefusedChange(_("You cannot disable your own account. Ask another admin to do it."))
            if user.disabled_at is not None:
                return None
            self._check_not_last(session, user)
            user.disabled_at = func.now()
            return {}

        return self._apply(Kind.USER_DISABLED, change)

    def enable(self) -> ChangedUser:
        def change(_session: Session, user: User) -> Details:
            if user.disabled_at is None:
                return None
            user.disabled_at = None
            return {}

        return self._apply(Kind.USER_ENABLED, change)

    def end_sessions(self) -> ChangedUser:
        def change(session: Session, user: User) -> Details:
            own_sessions.end_all_in(session, user.tenant_id, user.id)
            return {"all": True}

        return self._apply(Kind.SESSIONS_ENDED, change)

    def check_erasure(self, session: Session) -> None:
        """Before an erasure, in its transaction. Raises RefusedChange for the last active admin, and UnknownUser."""
        self._check_not_last(session, self._lock(session))

    def present_user(self) -> User:
        """The user, detached, for a change in another package. Raises RefusedChange and UnknownUser."""
        with self._locked() as (session, user):
            session.expunge(user)
            return user

    def _apply(self, kind: Kind, change: Callable[[Session, User], Details]) -> ChangedUser:
        with self._locked() as (session, user):
            details = change(session, user)
            if details is not None:
                session.flush()
                record(
                    session, kind, tenant_id=self.tenant_id, actor_id=self.actor_id, subject_id=user.id, details=details
                )
            session.refresh(user)
            session.commit()
            return ChangedUser(user, details is not None)

    @contextmanager
    def _locked(self) -> Iterator[tuple[Session, User]]:
        with Session(db.engine, expire_on_commit=False) as session:
            yield session, self._lock(session)

    def _lock(self, session: Session) -> User:
        """The user, with the user's row and those of all admins locked, in the order of their ids.

        So of two requests that take the role from each other's admin, the second one sees what the first has done. The lock
        does not wait for orders that refer to these users.
        """
        rows = or_(_IS_ADMIN, User.id.in_((self.user_id, self.actor_id)))
        mine = select(User).where(User.tenant_id == self.tenant_id, rows).execution_options(populate_existing=True)
        locked = session.scalars(mine.order_by(User.id).with_for_update(key_share=True)).all()
        users = {user.id: user for user in locked}
        actor, user = users.get(self.actor_id), users.get(self.user_id)
        if actor is None or not may(actor, Permission.MANAGE_USERS) or actor.disabled_at is not None:
            raise RefusedChange(_("You are not an admin any more, so nothing was changed."))
        if user is None:
            raise UnknownUser
        return user

    def _check_not_last(self, session: Session, user: User) -> None:
        """Raises RefusedChange for the last active admin. The rows are locked, so this is true until the commit."""
        if user.disabled_at is not None or not may(user, Permission.MANAGE_USERS):
            return
        others = (User.tenant_id == self.tenant_id, _IS_ADMIN, User.disabled_at.is_(None), User.id != user.id)
        if not session.scalar(select(func.count()).where(*others)):
            raise RefusedChange(
                _("%(name)s is the only active admin. Make another user an admin first.", name=user.name)
            )
