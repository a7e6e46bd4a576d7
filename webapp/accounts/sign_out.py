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

    `on_end` is called with the session after the sign-out is committed. Enters the user's tenant.
    """
    if not current_user.is_authenticated:
        return
    # The request may work for another company: the one of the user who signs in now.
    tenancy.enter(current_user.tenant_id)
    key = sessions.current()
    if key is not None:
        sessions.end(key)
        on_end(key)
    users.forget(current_user.id)
    sign_in.record_sign_out(current_user.id, address)
