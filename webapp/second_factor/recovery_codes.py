"""Recovery codes: ten at a time, each signs in once. They have 80 random bits, so their sha256 cannot be searched.

The callers commit.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from ..models import RecoveryCode
from .account import Account

COUNT = 10
FEW = 3  # left: the user is advised to make new ones
# 32 characters without those that look alike: i, l, o, u.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CHARS, _GROUP = 16, 4
# Letters that a reader takes for others (Crockford's base32).
_ALIKE = str.maketrans("ilo", "110")


def replace(session: Session, account: Account) -> list[str]:
    """New codes in place of all former ones, used or not."""
    remove(session, account)
    codes = [_new_code() for _ in range(COUNT)]
    rows = [{"tenant_id": account.tenant_id, "user_id": account.user_id, "code_hash": _hash(code)} for code in codes]
    session.execute(insert(RecoveryCode), rows)
    return codes


def use(session: Session, account: Account, typed: str) -> bool:
    """Use up a code. Of two requests with the same code one gets False; so does a wrong code."""
    mine = (RecoveryCode.tenant_id == account.tenant_id, RecoveryCode.user_id == account.user_id)
    unused = (RecoveryCode.code_hash == _hash(typed), RecoveryCode.used_at.is_(None))
    using = update(RecoveryCode).where(*mine, *unused).values(used_at=func.now())
    return session.execute(using.returning(RecoveryCode.code_hash)).first() is not None


def left(session: Session, account: Account) -> int:
    """The number of unused codes."""
    mine = (RecoveryCode.tenant_id == account.tenant_id, RecoveryCode.user_id == account.user_id)
    counting = select(func.count()).select_from(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None))
    return session.scalars(counting).one()


def remove(session: Session, account: Account) -> None:
    mine = (RecoveryCode.tenant_id == account.tenant_id, RecoveryCode.user_id == account.user_id)
    session.execute(delete(RecoveryCode).where(*mine))


def _new_code() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARS))
    return "-".join(text[start : start + _GROUP] for start in range(0, _CHARS, _GROUP))


def _hash(typed: str) -> bytes:
    """The sha256 of a code as typed: in any case, with or without hyphens and blanks."""
    code = re.sub(r"[\s-]+", "", typed.lower()).translate(_ALIKE)
    return hashlib.sha256(code.encode()).digest()
