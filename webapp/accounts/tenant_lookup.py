"""Finds the tenant of a request before its user is known, and enters it: by e-mail, user, slug or the token of a TV.

Each is one function of the database (migrations/sql/0035_tenancy.sql) that returns a tenant's id and nothing else. Whatever
is read next is read under the policy of that tenant.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..db import db
from ..postgres import tenancy


def enter_by_email(email: str) -> int | None:
    """The id of the tenant; None, and no tenant is entered, without such a user."""
    return _enter(func.tenancy_of_email(email))


def enter_by_user(user_id: int) -> int | None:
    return _enter(func.tenancy_of_user(user_id))


def enter_by_slug(slug: str) -> int | None:
    return _enter(func.tenancy_of_slug(slug))


def enter_by_tv_link(token_hash: bytes) -> int | None:
    return _enter(func.tenancy_of_tv_link(token_hash))


def _enter(call: Any) -> int | None:
    with Session(db.engine) as reading:
        tenant_id: int | None = reading.execute(select(call)).scalar_one()
    if tenant_id is not None:
        tenancy.enter(tenant_id)
    return tenant_id
