"""Signing in with a password: the limits, the check, and its log lines.

A log line has the user's id and the client's address. It never has a password, nor an e-mail: people also type passwords into
that field. The audit log has the e-mail that was tried, if the text is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import redis
from flask import request, session
from flask_login import login_user
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ..audit import browser
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..db import db
from ..language import gettext as _
from ..language import lazy_gettext, ngettext
from ..models import EMAIL_MAX_CHARS, Tenant, User
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import web as metrics
from ..rate_limit.limiter import RateLimiter
from . import admin, passwords, recent_check, session_rows, sessions, tenant_lookup
from .hashing import HashingBusy, hashing
from .session_rows import PageView
from .sign_in_throttle import SignInAttempt, Verdict, account_name, client_of
from .user_cache import UserCache
from .waiting_room import WaitingRoom, WaitingRoomFull

# Retry-After when too many people sign in at once.
BUSY_SECONDS = 5

log = logs.get("sign_in")
_busy_incident = Incident("sign-in queue", "attempts are answered 503", state="full", again="free again", settled=60.0)


@dataclass
class SignInRefused(Exception):
    """The attempt was refused unchecked. `status` is HTTP's, `wait` the seconds until the next attempt is allowed."""

    text: str
    status: int
    wait: int


class SignInFailed(Exception):
    """The attempt was checked and failed. The text is for the user."""


class SignIns:
    """Sign-ins within their limits."""

    def __init__(self, client: redis.Redis) -> None:
        self.limiter = RateLimiter(client, "sign-in", "each process limits sign-ins by itself")
        self.waiting_room = WaitingRoom()

    def sign_in(self, email: str, password: str, address: str) -> User:
        """The user with this e-mail and password, as read before the password was checked.

        Raises SignInRefused and SignInFailed.
        """
        attempt = SignInAttempt(self.limiter, email, client_of(address))
        verdict = attempt.register()
        if verdict.wait:
            raise _over_the_limit(verdict, email, address)
        try:
            self.waiting_room.wait(account_name(email), verdict.delay)
            with hashing.place(stranger=not verdict.known):
                user, reason = _check(email, password)
        except (HashingBusy, WaitingRoomFull):
            attempt.take_back()
            raise _busy(address) from None
        except BaseException:
            attempt.take_back()  # for example, PostgreSQL is away
            raise
        if user is None or reason:
            metrics.SIGN_INS.labels("failure").inc()
            log.info("sign-in failed", reason=reason, client=address, user=user.id if user else None)
            _record_attempt(Kind.SIGN_IN_FAILED, user, email, {"reason": reason})
            raise SignInFailed(str({"disabled": _DISABLED, "closed": CLOSED}.get(reason, _NO_MATCH)))
        attempt.succeed()
        return user


def complete(users: UserCache, user: User, method: str, address: str, issuer: str = "") -> None:
    """Begin a session of `user` in the request's cookie. All sign-ins end here, once every step of them is passed.

    `issuer` is the provider of a single sign-on, which has a kind of its own in the audit log.
    """
    users.forget(user.id)  # the next request reads current rights
    session.clear()  # keep nothing from before the sign-in
    login_user(user)
    sessions.begin(sessions.stamp(user.sessions_from), method)
    if (key := sessions.current()) is not None:
        name = browser.short_name(request.headers.get("User-Agent", "")) or ""
        session_rows.begin(PageView(user.id, key, address, name), method)
    recent_check.mark()
    metrics.SIGN_INS.labels("success").inc()
    log.info("signed in", user=user.id, tenant=user.tenant_id, client=address, way=method)
    who = {"actor_id": user.id, "actor_name": user.name}
    kind, details = Kind.SIGN_IN, {"way": method}
    if issuer:
        kind, details = Kind.SSO_SIGN_IN, details | {"issuer": issuer}
    record_alone(kind, tenant_id=user.tenant_id, **who, details=details)


def record_sign_out(user_id: int, address: str) -> None:
    metrics.SIGN_OUTS.inc()
    log.info("signed out", user=user_id, client=address)
    record_alone(Kind.SIGN_OUT, tenant_id=None)


def _record_attempt(kind: Kind, user: User | None, email: str, details: dict[str, str | int]) -> None:
    """Record an attempt that signed in no user, with what was tried. A text without @ may be a password, so it is left out."""
    tried = email.strip()[:EMAIL_MAX_CHARS] if "@" in email else None
    tenant_id, user_id = (user.tenant_id, user.id) if user else (None, None)
    record_alone(kind, tenant_id=tenant_id, subject=tried, subject_id=user_id, details=details)


_NO_MATCH = lazy_gettext(
    "E-mail and password do not match. Check both, or ask your Doorbell administrator for a new password."
)
_DISABLED = lazy_gettext("Your account is disabled. Ask your Doorbell administrator to enable it.")

CLOSED = lazy_gettext(
    "Your company is going to be deleted from Doorbell, so only its admins can sign in. Ask one of them to keep it."
)


def _over_the_limit(verdict: Verdict, email: str, address: str) -> SignInRefused:
    metrics.SIGN_INS.labels("refused").inc()
    if verdict.first:
        reason = f"too many attempts of one {verdict.reason}"
        log.warning("sign-in refused", reason=reason, client=address, wait=verdict.wait)
        # Once per window: a client without a password must not fill the table.
        tenant_lookup.enter_by_email(email)
        with Session(db.engine, expire_on_commit=False) as reading:
            user = admin.find_user(reading, email)
        _record_attempt(Kind.SIGN_IN_REFUSED, user, email, {"limit": verdict.reason, "wait_seconds": verdict.wait})
    minutes = -(-verdict.wait // 60)
    text = ngettext(
        "Sign-in failed %(limit)s times. Try again in %(num)s minute, "
        "or ask your Doorbell administrator for a new password.",
        "Sign-in failed %(limit)s times. Try again in %(num)s minutes, "
        "or ask your Doorbell administrator for a new password.",
        minutes,
        limit=verdict.limit,
    )
    return SignInRefused(text, 429, verdict.wait)


def _busy(address: str) -> SignInRefused:
    metrics.SIGN_INS.labels("busy").inc()
    _busy_incident.fault(log, "queue full", client=address)
    text = _("Too many people are signing in right now. Try again in %(count)s seconds.", count=BUSY_SECONDS)
    return SignInRefused(text, 503, BUSY_SECONDS)


def _check(email: str, password: str) -> tuple[User | None, str]:
    """The user with this e-mail and why the attempt fails, "" if it succeeds. The cost is the same for each reason."""
    tenant_lookup.enter_by_email(email)
    with Session(db.engine, expire_on_commit=False) as reading:
        user = admin.find_user(reading, email)
        tenant = reading.get(Tenant, user.tenant_id) if user else None
    known_hash = user.password_hash if user else None
    matches = hashing.run(lambda: passwords.matches(known_hash, password))
    _busy_incident.over(log)
    if user is None:
        return None, "unknown e-mail"
    if known_hash is None:
        return user, "no password set"
    if not matches:
        return user, "wrong password"
    if user.disabled_at is not None:
        return user, "disabled"
    if tenant is not None and tenant.deletion_at is not None and user.role != "admin":
        return user, "closed"
    if passwords.is_outdated(known_hash):
        _renew_hash(user, known_hash, password)
    return user, ""


def _renew_hash(user: User, old_hash: str, password: str) -> None:
    """Hash the same password with the current parameters, unless it was changed meanwhile. This ends no session."""
    new_hash = hashing.run(lambda: passwords.hash_password(password))
    with Session(db.engine) as writing:
        writing.execute(select(func.set_config("doorbell.same_password", "on", True)))
        mine = update(User).where(User.id == user.id, User.password_hash == old_hash)
        writing.execute(mine.values(password_hash=new_hash))
        writing.commit()
