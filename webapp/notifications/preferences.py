"""Writes a user's notification preferences, mutes and quiet hours. Each function commits."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert

from ..db import db
from ..events.notification_kinds import CHANNELS, DEFAULT_CHANNELS, KINDS_BY_NAME
from ..models import NotificationPreference, QuietHours, User
from ..queries.notification_preferences import QuietTimes


def save(user: User, channels: Mapping[str, frozenset[str]], quiet: QuietTimes | None) -> None:
    """Store the channels of the given kinds, and the quiet hours. Mutes stay as they are."""
    rows = [_row(user, kind, wanted) for kind, wanted in channels.items()]
    if rows:
        saving = insert(NotificationPreference).values(rows)
        changed = {channel: saving.excluded[channel] for channel in CHANNELS}
        db.session.execute(saving.on_conflict_do_update(constraint="pk_notification_preferences", set_=changed))
    _save_quiet(user, quiet)
    db.session.commit()


def mute(user: User, kind: str) -> None:
    """Use no channel for this kind until it is unmuted. Its stored channels stay. Raises KeyError for an unknown kind."""
    row = _row(user, KINDS_BY_NAME[kind].name, DEFAULT_CHANNELS)
    muting = insert(NotificationPreference).values(**row, muted_at=func.now())
    db.session.execute(
        muting.on_conflict_do_update(
            constraint="pk_notification_preferences",
            set_={"muted_at": func.coalesce(NotificationPreference.muted_at, muting.excluded.muted_at)},
        )
    )
    db.session.commit()


def unmute(user: User, kind: str) -> None:
    """Use the stored channels of this kind again. Raises KeyError for an unknown kind."""
    db.session.execute(
        update(NotificationPreference)
        .where(
            NotificationPreference.tenant_id == user.tenant_id,
            NotificationPreference.user_id == user.id,
            NotificationPreference.kind == KINDS_BY_NAME[kind].name,
        )
        .values(muted_at=None)
    )
    db.session.commit()


def _row(user: User, kind: str, wanted: frozenset[str]) -> dict[str, object]:
    chosen = {channel: channel in wanted for channel in CHANNELS}
    return {"tenant_id": user.tenant_id, "user_id": user.id, "kind": kind} | chosen


def _save_quiet(user: User, quiet: QuietTimes | None) -> None:
    key = {"tenant_id": user.tenant_id, "user_id": user.id}
    if quiet is None:
        db.session.execute(delete(QuietHours).filter_by(**key))
        return
    times = {"starts": quiet.starts, "ends": quiet.ends}
    db.session.execute(
        insert(QuietHours).values(**key, **times).on_conflict_do_update(constraint="pk_quiet_hours", set_=times)
    )
