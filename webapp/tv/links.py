"""Reads and writes the links of TVs. Each function is one transaction.

A token has 32 random bytes and is stored as its sha256, so neither the database nor a dump of it opens a TV.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..accounts import tenant_lookup
from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..models import Tenant, TvLink

TOKEN_BYTES = 32
TOKEN_CHARS = 43  # in URL-safe base64
MAX_LINKS = 50  # of a tenant, not revoked
# A TV counts as seen again after this time. It asks once per minute at least.
SEEN_SECONDS = 30
# A TV that was seen within this time is on.
ON_SECONDS = 120
# A revoked link is kept for this time, so that its TV can show why it is empty.
KEEP_REVOKED = timedelta(days=90)


@dataclass(frozen=True)
class FoundTv:
    """A link with its tenant, both detached: for reading only."""

    link: TvLink
    tenant: Tenant


def find(token: str) -> FoundTv | None:
    """The link of a token, a revoked one included; None for an unknown token."""
    # A text of another length is not a token, and is not hashed.
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    digest = _hash(token)
    if tenant_lookup.enter_by_tv_link(digest) is None:
        return None
    found = _find(TvLink.token_hash == digest)
    # The index has compared already, but in a time that depends on the bytes.
    return found if found and hmac.compare_digest(bytes(found.link.token_hash), digest) else None


def find_own(tenant_id: int, link_id: int) -> FoundTv | None:
    """The tenant's link; None for a revoked one, and for one of another tenant."""
    return _find(TvLink.tenant_id == tenant_id, TvLink.id == link_id, TvLink.revoked_at.is_(None))


def active(tenant_id: int) -> Sequence[TvLink]:
    """The tenant's links that are not revoked, by name."""
    statement = select(TvLink).where(TvLink.tenant_id == tenant_id, TvLink.revoked_at.is_(None))
    return db.session.scalars(statement.order_by(func.lower(TvLink.name), TvLink.id)).all()


def create(tenant_id: int, user_id: int, options: Mapping[str, Any]) -> tuple[int, str]:
    """Returns the id and the token, which cannot be read again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    db.session.execute(delete(TvLink).where(TvLink.revoked_at < func.now() - KEEP_REVOKED))
    values = {"tenant_id": tenant_id, "created_by": user_id, "token_hash": _hash(token), **options}
    link_id: int = db.session.execute(insert(TvLink).values(values).returning(TvLink.id)).scalar_one()
    record(db.session, Kind.TV_LINK_CREATED, tenant_id=tenant_id, subject=options["name"], details={"id": link_id})
    db.session.commit()
    return link_id, token


def change(tenant_id: int, link_id: int, options: Mapping[str, Any]) -> bool:
    """Set the options of a link. False if there is no such link."""
    return _update(tenant_id, link_id, dict(options), Kind.TV_LINK_CHANGED) is not None


def renew(tenant_id: int, link_id: int) -> str | None:
    """Replace the token, so that the old address shows nothing. Returns the new one; None if there is no such link."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {"token_hash": _hash(token), "last_seen_at": None}
    return token if _update(tenant_id, link_id, values, Kind.TV_LINK_RENEWED) else None


def revoke(tenant_id: int, link_id: int) -> str | None:
    """Revoke a link. Returns its name; None if there is no such link."""
    return _update(tenant_id, link_id, {"revoked_at": func.now()}, Kind.TV_LINK_REVOKED)


def seen(link: TvLink) -> None:
    """Note that the TV is on. A database that cannot be written to is no reason to show nothing."""
    since = func.now() - timedelta(seconds=SEEN_SECONDS)
    is_due = or_(TvLink.last_seen_at.is_(None), TvLink.last_seen_at < since)
    try:
        db.session.execute(update(TvLink).where(TvLink.id == link.id, is_due).values(last_seen_at=func.now()))
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _find(*conditions: Any) -> FoundTv | None:
    """Served by uq_tv_links_token_hash or pk_tv_links."""
    with Session(db.engine) as reading:
        statement = select(TvLink, Tenant).join(Tenant, Tenant.id == TvLink.tenant_id).where(*conditions)
        row = reading.execute(statement).one_or_none()
        return FoundTv(row[0], row[1]) if row else None


def _update(tenant_id: int, link_id: int, values: dict[str, Any], kind: Kind) -> str | None:
    own = (TvLink.tenant_id == tenant_id, TvLink.id == link_id, TvLink.revoked_at.is_(None))
    name: str | None = db.session.scalars(
        update(TvLink).where(*own).values(values).returning(TvLink.name)
    ).one_or_none()
    if name is not None:
        record(db.session, kind, tenant_id=tenant_id, subject=name, details={"id": link_id})
    db.session.commit()
    return name
