"""Changes that users make to their own second factor. Each is one transaction with its entry in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from . import account, authenticator, ceremonies, passkeys, recovery_codes, standing
from .account import Account
from .authenticator import Authenticator
from .challenges import Challenge
from .relying_party import RelyingParty

_APP = "authenticator app"  # in the audit log


def begin_app(apps: Authenticator, mine: Account) -> None:
    """Make the secret of an app to be set up."""
    with Session(db.engine) as session:
        account.lock(session, mine)
        apps.begin(session, mine)
        session.commit()


def pending_secret(apps: Authenticator, mine: Account) -> str | None:
    """The secret that is being set up. Raises SecretLocked."""
    with Session(db.engine) as session:
        return apps.pending_secret(session, mine)


def turn_on_app(apps: Authenticator, mine: Account, code: str, now: float) -> list[str] | None:
    """Turn on the app by its first code. Returns new recovery codes, if this is the user's first factor.

    Raises CodeInvalid and SecretLocked.
    """
    with Session(db.engine) as session:
        user = account.lock(session, mine)
        is_first = user.second_factor_at is None
        apps.confirm(session, mine, code, now)
        standing.refresh(session, user)
        record(session, Kind.SECOND_FACTOR_ON, tenant_id=user.tenant_id, subject_id=user.id, details={"method": _APP})
        codes = recovery_codes.replace(session, mine) if is_first else None
        session.commit()
        return codes


def remove_app(mine: Account) -> bool:
    """Turn the app off. False if there was none. Raises FactorRequired."""
    with Session(db.engine) as session:
        user = account.lock(session, mine)
        was_on = authenticator.remove(session, mine)
        if was_on:
            standing.refresh(session, user)
            details = {"method": _APP}
            record(session, Kind.SECOND_FACTOR_OFF, tenant_id=user.tenant_id, subject_id=user.id, details=details)
        session.commit()
        return was_on


def add_passkey(mine: Account, name: str, answer: Mapping[str, Any], party: RelyingParty, challenge: Challenge) -> bool:
    """Store the passkey that a browser has made. Returns whether it is the user's first factor.

    Raises PasskeyInvalid and TooManyPasskeys.
    """
    new = ceremonies.new_passkey(answer, party, challenge)
    with Session(db.engine) as session:
        user = account.lock(session, mine)
        is_first = user.second_factor_at is None
        passkeys.add(session, mine, name, new)
        standing.refresh(session, user)
        record(
            session,
            Kind.PASSKEY_ADDED,
            tenant_id=user.tenant_id,
            subject_id=user.id,
            details={"person": {"passkey": name}},
        )
        session.commit()
        return is_first


def remove_passkey(mine: Account, passkey_id: int) -> str | None:
    """Returns the name of the removed passkey; None if the user has no such passkey. Raises FactorRequired."""
    with Session(db.engine) as session:
        user = account.lock(session, mine)
        name = passkeys.remove(session, mine, passkey_id)
        if name is not None:
            standing.refresh(session, user)
            details = {"person": {"passkey": name}}
            record(session, Kind.PASSKEY_REMOVED, tenant_id=user.tenant_id, subject_id=user.id, details=details)
        session.commit()
        return name


def renew_codes(mine: Account) -> list[str]:
    """New recovery codes in place of the former ones. Empty for a user without a second factor, who needs none."""
    with Session(db.engine) as session:
        user = account.lock(session, mine)
        if user.second_factor_at is None:
            return []
        codes = recovery_codes.replace(session, mine)
        record(session, Kind.SECOND_FACTOR_CODES_RENEWED, tenant_id=user.tenant_id, subject_id=user.id)
        session.commit()
        return codes


def reset(mine: Account) -> bool:
    """Remove all factors of a user who has lost them, and end the user's sessions. False if there were none.

    For admins: the password alone signs in again. Where the company requires a second factor, the user sets one up first.
    Callers announce the end of the sessions (signals/notices.py) and forget the user in the cache.
    """
    with Session(db.engine) as session:
        user = account.lock(session, mine)
        had_app, removed = authenticator.remove(session, mine), passkeys.remove_all(session, mine)
        if user.second_factor_at is None:
            session.commit()
            return False
        standing.clear(session, user)
        user.sessions_from = func.clock_timestamp()
        details = {"method": "all", "app": had_app, "passkeys": removed}
        record(session, Kind.SECOND_FACTOR_OFF, tenant_id=user.tenant_id, subject_id=user.id, details=details)
        session.commit()
        return True
