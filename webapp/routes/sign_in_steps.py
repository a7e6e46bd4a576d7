"""The end of each sign-in: with a password, an invitation, a second factor, single sign-on, or the demo's links."""

from __future__ import annotations

import time

from flask import request, session
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import stream
from ..accounts import lookup_sso
from ..accounts import sign_in as accounts_sign_in
from ..accounts import sign_out as accounts_sign_out
from ..accounts.sessions import SessionKey
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..db import db
from ..models import Tenant, User
from ..postgres import tenancy
from ..push import subscriptions
from ..second_factor import half_sign_in
from ..services import services
from ..signals import notices

SSO, DEMO = "sso", "demo"  # methods


class SsoRequired(Exception):
    """The user's company has turned off passwords. `tenant_id` is the company's."""

    def __init__(self, tenant_id: int) -> None:
        super().__init__()
        self.tenant_id = tenant_id


class CompanyClosed(Exception):
    """The user's company is going to be deleted, so only its admins sign in."""


def complete(user: User, method: str, issuer: str = "") -> None:
    """Sign `user` in, as read before the check: a change that ended sessions since then ends this one too.

    `method` is for the log and the list of sessions, for example "password", and `issuer` the provider of a single sign-on.
    Raises SsoRequired and CompanyClosed.
    """
    tenancy.enter(user.tenant_id)
    _check_company(user, method)
    _check_way(user, method)
    # The request may replace the session of another user, also of another tenant.
    end_session()
    tenancy.enter(user.tenant_id)
    accounts_sign_in.complete(services().users, user, method, client(), issuer)


def pass_password(user: User, method: str = "password") -> bool:
    """The password of `user` was right. True: that signed the user in. False: the page second_step.show comes next."""
    if user.second_factor_at is None:
        complete(user, method)
        return True
    end_session()
    half_sign_in.begin(session, user, time.time())
    return False


def _check_company(user: User, method: str) -> None:
    """The sign-in form refuses such a user itself; the other ways end here."""
    if user.role == "admin":
        return
    with Session(db.engine) as session:
        deletion_at = session.scalar(select(Tenant.deletion_at).where(Tenant.id == user.tenant_id))
    if deletion_at is not None:
        details = {"method": method, "reason": "closed"}
        record_alone(Kind.SIGN_IN_FAILED, tenant_id=user.tenant_id, subject_id=user.id, details=details)
        raise CompanyClosed


def _check_way(user: User, method: str) -> None:
    """Where passwords are off, only admins sign in otherwise than by single sign-on, as the way back in when it fails."""
    if method in (SSO, DEMO) or user.role == "admin":
        return
    with Session(db.engine) as session:
        must_use_sso = lookup_sso.must_use_sso(session, user.tenant_id)
    if must_use_sso:
        details = {"method": method, "reason": "single sign-on required"}
        record_alone(Kind.SIGN_IN_REFUSED, tenant_id=user.tenant_id, subject_id=user.id, details=details)
        raise SsoRequired(user.tenant_id)


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
