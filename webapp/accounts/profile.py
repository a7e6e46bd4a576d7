"""Changes that users make to their own row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ..db import db
from ..models import User
from . import changes


def change(user_id: int, values: Mapping[str, Any]) -> frozenset[str]:
    """Set these columns of the user. Returns the names of those that differ from before."""
    with Session(db.engine) as session:
        user = session.get_one(User, user_id, with_for_update=True)
        changed = frozenset(name for name, value in values.items() if getattr(user, name) != value)
        before = user.name, user.email
        for name in changed:
            setattr(user, name, values[name])
        session.flush()
        changes.record_renaming(session, user, *before)
        session.commit()
        return changed
