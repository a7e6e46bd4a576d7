"""Ends the session of the signed-in user: in the database, in this process's caches, and wherever else it is in use."""

from __future__ import annotations

from collections.abc import Callable

from flask_login import current_user

from ..postgres import tenancy
from . import sessions, sign_in
from .sessions import SessionKey
from .user_cache import UserCache


def sign_out(users: UserCache, address: str, on_end: Callable[[SessionKey], None]) -> None:
    """End the request's session, if a user is signed in: in this process at once, in all others within seconds.

    `on_end` is called with the session after the sign-out is committed.
    """
    if not current_user.is_authenticated:
        return
    key = sessions.current()
    # The request may sign in a user of another tenant next, and may work for that one already.
    with tenancy.within(current_user.tenant_id):
        if key is not None:
            sessions.end(key)
            on_end(key)
        users.forget(current_user.id)
        sign_in.record_sign_out(current_user.id, address)
