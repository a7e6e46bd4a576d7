"""The authenticator app of a user: set up, confirmed by a first code, used, removed. The callers commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..models import AuthenticatorApp
from . import one_time_codes
from .account import Account
from .secret_box import TotpSecretBox

# How long the secret of an app that is being set up is shown again, for a second tab and a reloaded page.
PENDING = timedelta(minutes=15)


class CodeInvalid(Exception):
    """The code is not a present, unused one. `clock_seconds`: by how much the app's clock is ahead, if that explains it."""

    def __init__(self, clock_seconds: int | None = None) -> None:
        super().__init__()
        self.clock_seconds = clock_seconds


@dataclass(frozen=True)
class Authenticator:
    """Checks and changes authenticator apps. `box` encrypts their secrets."""

    box: TotpSecretBox

    def begin(self, session: Session, account: Account) -> None:
        """Make the secret of an app to be set up. A confirmed app stays, and a secret that was made some minutes ago.

        An older one may have been seen by a person who used an unlocked browser, and is made new.
        """
        values = {"tenant_id": account.tenant_id, "user_id": account.user_id}
        saving = insert(AuthenticatorApp).values(**values, secret=self.box.lock(one_time_codes.new_secret()))
        is_old = AuthenticatorApp.created_at < func.now() - PENDING
        session.execute(
            saving.on_conflict_do_update(
                index_elements=[AuthenticatorApp.tenant_id, AuthenticatorApp.user_id],
                set_={"secret": saving.excluded.secret, "created_at": func.now()},
                where=AuthenticatorApp.confirmed_at.is_(None) & is_old,
            )
        )

    def pending_secret(self, session: Session, account: Account) -> str | None:
        """The secret that is being set up. Raises SecretLocked."""
        app = _app(session, account)
        return None if app is None or app.confirmed_at is not None else self.box.unlock(app.secret)

    def confirm(self, session: Session, account: Account, code: str, now: float) -> None:
        """Turn on the app that is being set up, by its first code. Raises CodeInvalid and SecretLocked."""
        app = _app(session, account, locks=True)
        if app is None or app.confirmed_at is not None:
            raise CodeInvalid
        secret = self.box.unlock(app.secret)
        step = one_time_codes.matching_step(secret, code, now, after=app.last_step)
        if step is None:
            raise CodeInvalid(one_time_codes.clock_difference(secret, code, now))
        app.confirmed_at, app.last_step = func.now(), step

    def use(self, session: Session, account: Account, code: str, now: float) -> None:
        """Use up a code. One of two requests with the same code raises CodeInvalid. Raises SecretLocked."""
        app = _app(session, account, locks=True)
        if app is None or app.confirmed_at is None:
            raise CodeInvalid
        step = one_time_codes.matching_step(self.box.unlock(app.secret), code, now, after=app.last_step)
        if step is None:
            raise CodeInvalid
        app.last_step = step
        # With the present SECRET_KEY, so that an old one can leave SECRET_KEY_FALLBACKS.
        app.secret = self.box.renew(app.secret)


def is_set_up(session: Session, account: Account) -> bool:
    app = _app(session, account)
    return app is not None and app.confirmed_at is not None


def remove(session: Session, account: Account) -> bool:
    """Whether there was a confirmed app. One that is being set up goes too."""
    mine = (AuthenticatorApp.tenant_id == account.tenant_id, AuthenticatorApp.user_id == account.user_id)
    removed = session.scalars(delete(AuthenticatorApp).where(*mine).returning(AuthenticatorApp.confirmed_at)).all()
    return any(removed)


def _app(session: Session, account: Account, locks: bool = False) -> AuthenticatorApp | None:
    mine = (AuthenticatorApp.tenant_id == account.tenant_id, AuthenticatorApp.user_id == account.user_id)
    statement = select(AuthenticatorApp).where(*mine)
    return session.scalars(statement.with_for_update() if locks else statement).one_or_none()
