"""A half sign-in: the password was right, the second factor is missing. The browser's signed session has it for five minutes.

It is not a sign-in: it has none of the keys by which a request is signed in (accounts/sessions.py), so each route and stream
treats its browser as signed out. Only the second step of the sign-in reads it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, NamedTuple

from ..accounts import sessions
from ..models import User
from .account import Account

KEY = "_half"
SECONDS = 300


class HalfSignIn(NamedTuple):
    """`since` is the stamp of the user's `sessions_from` before the password was checked: a change ends this too."""

    tenant_id: int
    user_id: int
    since: int | None
    ends: int

    @property
    def account(self) -> Account:
        return Account(self.tenant_id, self.user_id)

    def is_of(self, user: User) -> bool:
        """Whether the user may still finish it: is enabled, and has the password and the role of the first step."""
        return user.disabled_at is None and sessions.stamp(user.sessions_from) == self.since


def begin(session: MutableMapping[str, Any], user: User, now: float) -> None:
    """Put a half sign-in of `user`, as read before the password was checked, in place of all that the session has."""
    session.clear()
    session[KEY] = list(HalfSignIn(user.tenant_id, user.id, sessions.stamp(user.sessions_from), int(now) + SECONDS))


def read(session: MutableMapping[str, Any], now: float) -> HalfSignIn | None:
    """The half sign-in of the session; None without one, and when its time is over."""
    stored = session.get(KEY)
    if not isinstance(stored, list) or len(stored) != len(HalfSignIn._fields):
        return None
    half = HalfSignIn(*stored)
    return half if half.ends > now else None
