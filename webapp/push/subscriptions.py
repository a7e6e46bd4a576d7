"""Stores the subscriptions of browsers. An endpoint belongs to the user who subscribed last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..accounts.sessions import SessionKey
from ..db import db
from ..models import PushSubscription, User

# The oldest of more browsers of a user is removed.
MAX_PER_USER = 20


@dataclass(frozen=True)
class Browser:
    """A browser's subscription as its push manager gives it. `base_path` is the path of Doorbell, "" at the root."""

    endpoint: str
    p256dh: str
    auth: str
    base_path: str = ""


def subscribe(user: User, session: SessionKey, browser: Browser) -> None:
    """Store or renew a subscription, and commit. Notifications from now on are sent to it."""
    values = {
        "tenant_id": user.tenant_id,
        "user_id": user.id,
        "p256dh": browser.p256dh,
        "auth": browser.auth,
        "base_path": browser.base_path,
        "session_id": session.id,
        "session_ends": func.to_timestamp(session.ends),
        "sessions_from": select(User.sessions_from).where(User.id == user.id).scalar_subquery(),
    }
    saving = insert(PushSubscription).values(endpoint=browser.endpoint, **values)
    # Another user of the same browser gets nothing of the former one.
    is_same = PushSubscription.user_id == user.id
    seen = case((is_same, PushSubscription.seen), else_=func.pg_current_snapshot())
    renewed = values | {"seen": seen, "due_at": func.now(), "failing_since": None}
    # A policy hides a row of another tenant, and so ON CONFLICT could not take it over.
    db.session.execute(select(func.tenancy_release_push_endpoint(browser.endpoint)))
    db.session.execute(saving.on_conflict_do_update(constraint="uq_push_subscriptions_endpoint", set_=renewed))
    _remove_oldest(user)
    db.session.commit()


def unsubscribe(user: User, endpoint: str) -> None:
    """Remove a subscription of this user, and commit."""
    mine = (PushSubscription.tenant_id == user.tenant_id, PushSubscription.user_id == user.id)
    db.session.execute(delete(PushSubscription).where(*mine, PushSubscription.endpoint == endpoint))
    db.session.commit()


def end_session(key: SessionKey) -> None:
    """Remove the subscription of a session that has ended. Callers may be in any transaction."""
    with Session(db.engine) as writing:
        writing.execute(delete(PushSubscription).where(PushSubscription.session_id == key.id))
        writing.commit()


def carry_over(writing: Session, session_id: str, sessions_from: datetime | None) -> None:
    """Keep the subscription of a session that goes on after a new password, in the open transaction."""
    mine = update(PushSubscription).where(PushSubscription.session_id == session_id)
    writing.execute(mine.values(sessions_from=sessions_from))


def _remove_oldest(user: User) -> None:
    mine = (PushSubscription.tenant_id == user.tenant_id, PushSubscription.user_id == user.id)
    oldest = select(PushSubscription.id).where(*mine).order_by(text("created_at DESC, id DESC")).offset(MAX_PER_USER)
    db.session.execute(delete(PushSubscription).where(*mine, PushSubscription.id.in_(oldest)))
