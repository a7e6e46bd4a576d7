"""A new password by mail: a link with a token, valid once and for an hour. Only the token's hash is stored.

A change of `users.sessions_from` makes a link invalid: another password or role, a disabled user, a sign-out everywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

import redis
from limits import RateLimitItemPerSecond
from sqlalchemy import func
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..mail.delivery import Mail
from ..models import PasswordReset, Tenant, User
from ..observability import logs
from ..rate_limit.limiter import RateLimiter
from . import admin, lookup_passwords, new_password, tenant_lookup
from .sign_in_throttle import account_name, client_of, hashed_name

LIFETIME = timedelta(hours=1)
TOKEN_BYTES = 32
WINDOW_SECONDS = 3600
CLIENT_REQUESTS = 20  # per client; an office forgets less
# Further requests for an account get the same answer, but no mail, so that strangers cannot fill a mailbox.
ACCOUNT_REQUESTS = 4
# Links that were tried, per client.
CLIENT_LINKS = 60

CLIENT = RateLimitItemPerSecond(CLIENT_REQUESTS, WINDOW_SECONDS, "client")
ACCOUNT = RateLimitItemPerSecond(ACCOUNT_REQUESTS, WINDOW_SECONDS, "account")
LINKS = RateLimitItemPerSecond(CLIENT_LINKS, WINDOW_SECONDS, "links")

log = logs.get("password_reset")

# The mail for a user and a token; a token of None is for a user without a password.
Compose = Callable[[User, Tenant, str | None], Mail]


class PasswordResets:
    """The limits of requests for a new password."""

    def __init__(self, client: redis.Redis) -> None:
        self._limiter = RateLimiter(client, "password-reset", "each process limits password resets by itself")

    def wait(self, address: str) -> int:
        """Count a request of this client. Returns the seconds until the next one is allowed, 0 if this one is."""
        return self._wait(CLIENT, address)

    def wait_for_links(self, address: str) -> int:
        """The same for a client that opens links."""
        return self._wait(LINKS, address)

    def allows_mail(self, email: str) -> bool:
        """Count a request for this account. Whether a mail may be sent."""
        return self._limiter.hit(ACCOUNT, hashed_name(account_name(email))) <= ACCOUNT_REQUESTS

    def _wait(self, limit: RateLimitItemPerSecond, address: str) -> int:
        client = hashed_name(client_of(address))
        if self._limiter.hit(limit, client) <= limit.amount:
            return 0
        return self._limiter.seconds_left(limit, client)


def request(email: str, compose: Compose) -> Mail | None:
    """Store a link for this user and commit. Returns the mail; None for an unknown or disabled user."""
    tenant_lookup.enter_by_email(email)
    with Session(db.engine, expire_on_commit=False) as writing:
        user = admin.find_user(writing, email)
        if user is None or user.disabled_at is not None:
            log.info("password reset not sent", reason="disabled" if user else "unknown e-mail")
            return None
        tenant = writing.get_one(Tenant, user.tenant_id)
        # Without a password the user signs in by single sign-on, or has not accepted the invitation.
        token = secrets.token_urlsafe(TOKEN_BYTES) if user.password_hash else None
        if token is not None:
            writing.add(
                PasswordReset(
                    tenant_id=user.tenant_id,
                    token_hash=lookup_passwords.hash_of(token),
                    user_id=user.id,
                    expires_at=func.now() + LIFETIME,
                    sessions_from=user.sessions_from,
                )
            )
        record(writing, Kind.PASSWORD_RESET_REQUESTED, tenant_id=user.tenant_id, subject_id=user.id)
        writing.commit()
    log.info("password reset requested", user=user.id, tenant=user.tenant_id)
    return compose(user, tenant, token)


def find(token: str) -> tuple[User, Tenant] | None:
    """The user and tenant of a valid link."""
    lookup_passwords.enter(token)
    with Session(db.engine, expire_on_commit=False) as reading:
        return lookup_passwords.user_of(reading, token)


def use(token: str, password_hash: str) -> User | None:
    """Set the password and end all sessions of the link's user; commit. None if the link is not valid any more."""
    lookup_passwords.enter(token)
    with Session(db.engine, expire_on_commit=False) as writing:
        found = lookup_passwords.user_of(writing, token)
        if found is None:
            return None
        user = writing.get_one(User, found[0].id, with_for_update=True, populate_existing=True)
        # Of two requests with one link, the second waited for the lock: the first has removed the link.
        if lookup_passwords.user_of(writing, token) is None:
            return None
        new_password.set_hash(writing, user, password_hash)
        details = {"by": "mail"}
        record(
            writing,
            Kind.PASSWORD_CHANGED,
            tenant_id=user.tenant_id,
            actor_id=user.id,
            subject_id=user.id,
            details=details,
        )
        writing.commit()
        log.info("password reset", user=user.id, tenant=user.tenant_id)
        return user
