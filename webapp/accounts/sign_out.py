"""Ends the session of the signed-in user: in the database, in this process's caches, and for all that subscribed to it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app
from flask_login import current_user

from . import sessions, sign_in
from .sessions import SessionKey
from .user_cache import cached_users

_EXTENSION = "doorbell_session_end"


def on_session_end(app: Flask, callback: Callable[[SessionKey], None]) -> None:
    """Call `callback` with each session that is signed out in this process, after the sign-out is committed."""
    app.extensions.setdefault(_EXTENSION, []).append(callback)


def sign_out(address: str) -> None:
    """End the request's session, if a user is signed in: in this process at once, in all others within seconds."""
    if not current_user.is_authenticated:
        return
    key = sessions.current()
    if key is not None:
        sessions.end(key)
        for callback in current_app.extensions.get(_EXTENSION, ()):
            callback(key)
    cached_users().forget(current_user.id)
    sign_in.record_sign_out(current_user.id, address)
