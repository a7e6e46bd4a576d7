"""The end of each sign-in: with a password, an invitation, a second factor, single sign-on, or the demo's links."""

from __future__ import annotations

import time

from flask import request, session

from .. import stream
from ..accounts import sign_in as accounts_sign_in
from ..accounts import sign_out as accounts_sign_out
from ..accounts.sessions import SessionKey
from ..models import User
from ..push import subscriptions
from ..second_factor import half_sign_in
from ..services import services
from ..signals import notices


def complete(user: User, method: str) -> None:
    """Sign `user` in, as read before the check: a change that ended sessions since then ends this one too.

    `method` is for the log and the list of sessions, for example "password".
    """
    # The request may replace the session of another user.
    end_session()
    accounts_sign_in.complete(services().users, user, method, client())


def pass_password(user: User) -> bool:
    """The password of `user` was right. True: that signed the user in. False: the page second_step.show comes next."""
    if user.second_factor_at is None:
        complete(user, "password")
        return True
    end_session()
    half_sign_in.begin(session, user, time.time())
    return False


def end_session() -> None:
    """End the session of the request, if a user is signed in."""
    accounts_sign_out.sign_out(services().users, client(), end_everywhere)


def end_everywhere(key: SessionKey) -> None:
    """End the streams and the push subscription of a session."""
    stream.end_session(key)
    subscriptions.end_session(key)


def announce_end(user_id: int) -> None:
    """After all sessions of a user ended: refuse them here at once, and close their streams in all processes."""
    services().users.forget(user_id)
    notices.sessions_ended(services().redis)


def client() -> str:
    """The address of the request's client, "" for a Unix socket."""
    return request.remote_addr or ""
