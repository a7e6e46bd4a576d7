"""Signing in with a password: the limits, the check, and what is written down of it.

A log line names the user by id and the client by address. It never holds a password, nor an e-mail: people type passwords into
that field too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ..db import db
from ..models import User
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import web as metrics
from . import admin, passwords
from .expiring_counters import ExpiringCounters
from .hashing import HashingBusy, hashing
from .sign_in_throttle import Try, Verdict, client_of
from .waiting_room import WaitingRoom, WaitingRoomFull

BUSY_SECONDS = 5  # until another try makes sense when too many sign in at once

log = logs.get("sign_in")
_crowd = Incident("room for sign-ins", "tries are answered 503", settled=60.0)


@dataclass
class SignInRefused(Exception):
    """The try was not checked. `status` is HTTP's, `wait` the seconds until the next try may come."""

    text: str
    status: int
    wait: int


class Failed(Exception):
    """The try was checked and does not sign in; the text is for the person."""


class SignIns:
    """The running app's counters and waiting room."""

    def __init__(self, app: Flask) -> None:
        self.tries = ExpiringCounters(app.extensions["doorbell_redis"])
        self.room = WaitingRoom()


def init_app(app: Flask) -> None:
    app.extensions["doorbell_sign_ins"] = SignIns(app)


def sign_in(email: str, password: str, address: str) -> User:
    """The user of this e-mail and password, as they were read before the password was checked. Raises Refused and Failed."""
    here = cast(SignIns, current_app.extensions["doorbell_sign_ins"])
    client = client_of(address)
    attempt = Try(here.tries, email, client)
    verdict = attempt.count()
    if verdict.wait:
        raise _over_the_limit(verdict, address)
    try:
        here.room.wait(email.strip().lower(), verdict.delay)
        with hashing.place(stranger=not verdict.known):
            user, reason = _check(email, password)
    except (HashingBusy, WaitingRoomFull):
        attempt.take_back()
        raise _busy(address) from None
    except BaseException:
        attempt.take_back()  # PostgreSQL is away
        raise
    if user is None or reason:
        metrics.SIGN_INS.labels("failure").inc()
        log.info("sign-in failed", reason=reason, client=address, user=user.id if user else None)
        raise Failed(_DISABLED if reason == "disabled" else _NO_MATCH)
    attempt.succeed()
    return user


def note_success(user: User, address: str, way: str) -> None:
    metrics.SIGN_INS.labels("success").inc()
    log.info("signed in", user=user.id, tenant=user.tenant_id, client=address, way=way)


def note_sign_out(user_id: int, address: str) -> None:
    metrics.SIGN_OUTS.inc()
    log.info("signed out", user=user_id, client=address)


_NO_MATCH = "E-mail and password do not match. Check both, or ask your Doorbell administrator for a new password."
_DISABLED = "Your account is disabled. Ask your Doorbell administrator to enable it."


def _over_the_limit(verdict: Verdict, address: str) -> SignInRefused:
    metrics.SIGN_INS.labels("refused").inc()
    if verdict.first:
        log.warning(
            "sign-in refused", reason=f"too many tries of one {verdict.reason}", client=address, wait=verdict.wait
        )
    minutes = -(-verdict.wait // 60)
    text = (
        f"Sign-in failed {verdict.tries} times. Try again in {minutes} minute{'s' if minutes != 1 else ''}, "
        "or ask your Doorbell administrator for a new password."
    )
    return SignInRefused(text, 429, verdict.wait)


def _busy(address: str) -> SignInRefused:
    metrics.SIGN_INS.labels("busy").inc()
    _crowd.fault(log, "queue full", client=address)
    return SignInRefused(
        f"Too many people are signing in right now. Try again in {BUSY_SECONDS} seconds.", 503, BUSY_SECONDS
    )


def _check(email: str, password: str) -> tuple[User | None, str]:
    """The user of the e-mail, and why the try fails, "" when it does not. A try costs the same whatever the reason."""
    with Session(db.engine, expire_on_commit=False) as reading:
        user = admin.find_user(reading, email)
    known_hash = user.password_hash if user else None
    matches = hashing.run(lambda: passwords.matches(known_hash, password))
    _crowd.over(log)
    if user is None:
        return None, "unknown e-mail"
    if known_hash is None:
        return user, "no password set"
    if not matches:
        return user, "wrong password"
    if user.disabled_at is not None:
        return user, "disabled"
    if passwords.is_outdated(known_hash):
        _renew_hash(user, known_hash, password)
    return user, ""


def _renew_hash(user: User, old_hash: str, password: str) -> None:
    """Hash the same password with today's parameters, unless it was changed meanwhile. No session ends for that."""
    new_hash = hashing.run(lambda: passwords.hash_password(password))
    with Session(db.engine) as writing:
        writing.execute(select(func.set_config("doorbell.same_password", "on", True)))
        mine = update(User).where(User.id == user.id, User.password_hash == old_hash)
        writing.execute(mine.values(password_hash=new_hash))
        writing.commit()
