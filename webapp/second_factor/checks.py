"""The second step of a sign-in: a one-time code, a recovery code or a passkey, within its limits, logged and audited."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.sign_in_throttle import client_of
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..db import db
from ..models import User
from ..observability import logs
from ..observability.metrics import web as metrics
from . import ceremonies, lookup, one_time_codes, passkeys, recovery_codes
from .account import Account
from .authenticator import Authenticator, CodeInvalid
from .ceremonies import PasskeyInvalid
from .challenges import Challenge
from .limit import CodeLimit, CodesRefused
from .relying_party import RelyingParty
from .secret_box import SecretLocked, TotpSecretBox

log = logs.get("second_factor")


class SecondFactors:
    """Checks second factors. `clock` gives epoch seconds."""

    def __init__(self, client: redis.Redis, keys: tuple[str, ...], clock: Callable[[], float] = time.time) -> None:
        self.apps = Authenticator(TotpSecretBox(keys))
        self.limit = CodeLimit(client)
        self.clock = clock

    def check_code(self, account: Account, typed: str, address: str) -> None:
        """Use up a one-time code. Raises CodesRefused, CodeInvalid and SecretLocked."""
        try:
            self.limit.register(account)
        except CodesRefused:
            metrics.SIGN_INS.labels("refused").inc()
            log.warning("one-time code refused", user=account.user_id, client=address)
            raise
        code = one_time_codes.code_of(typed)
        try:
            if code is None:
                raise CodeInvalid
            with Session(db.engine) as session:
                self.apps.use(session, account, code, self.clock())
                session.commit()
        except CodeInvalid:
            _failed(account, "one-time code", address)
            raise
        except SecretLocked:
            self.limit.take_back(account)
            log.error("secret of an authenticator app has another SECRET_KEY", user=account.user_id)
            raise
        except BaseException:
            self.limit.take_back(account)  # for example, PostgreSQL is away
            raise
        self.limit.take_back(account)

    def check_recovery_code(self, account: Account, typed: str, address: str) -> int:
        """Use up a recovery code. Returns the number of codes left. Raises CodesRefused and CodeInvalid."""
        self.limit.register_recovery_code(account, client_of(address))
        with Session(db.engine) as session:
            is_right = recovery_codes.use(session, account, typed)
            left = recovery_codes.left(session, account)
            session.commit()
        if not is_right:
            _failed(account, "recovery code", address)
            raise CodeInvalid
        log.info("recovery code used", user=account.user_id, client=address, left=left)
        return left

    def check_passkey(
        self,
        account: Account | None,
        answer: Mapping[str, Any],
        party: RelyingParty,
        challenge: Challenge,
        address: str,
    ) -> Account:
        """The user whose passkey has answered; with an `account` only that user's passkeys do.

        Raises CodesRefused and PasskeyInvalid.
        """
        self.limit.register_passkey(client_of(address))
        try:
            owner = account or lookup.owner_of_passkey(ceremonies.credential_id(answer))
            if owner is None:
                raise PasskeyInvalid("no user has this passkey")
        except PasskeyInvalid as error:
            log.info("passkey refused", reason=str(error), client=address)
            metrics.SIGN_INS.labels("failure").inc()
            raise
        try:
            with Session(db.engine) as session:
                passkeys.check(session, owner, answer, party, challenge)
                session.commit()
        except PasskeyInvalid as error:
            _failed(owner, "passkey", address, str(error))
            raise
        return owner


def enabled_user(account: Account) -> User | None:
    """The user, detached; None if the user is disabled or gone."""
    statement = select(User).where(User.tenant_id == account.tenant_id, User.id == account.user_id)
    with Session(db.engine) as reading:
        return reading.scalars(statement.where(User.disabled_at.is_(None))).one_or_none()


def _failed(account: Account, method: str, address: str, reason: str = "wrong or used") -> None:
    metrics.SIGN_INS.labels("failure").inc()
    log.info("second factor failed", method=method, reason=reason, user=account.user_id, client=address)
    actor = {"actor_id": account.user_id, "subject_id": account.user_id}
    record_alone(Kind.SECOND_FACTOR_FAILED, tenant_id=account.tenant_id, details={"method": method}, **actor)
