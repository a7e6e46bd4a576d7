"""The signed-in user of a request, and the tenant whose data the user may see."""

from __future__ import annotations

from flask import abort, g, has_request_context, request
from flask_login import current_user
from sqlalchemy.orm import Session

from ..db import db
from ..models import Tenant, User
from ..server.security_headers import READS
from . import sessions
from .user_cache import visitors


def load_user(user_id: str) -> User | None:
    """The user of a session cookie, or None. Remembers the tenant for `current_tenant`.

    What writes is asked by the user as they are now, in a session that has not ended; what reads, as both were
    visitors.KEPT_SECONDS ago at most. No connection is held: a stream lives for minutes, and the verbs of orders.py begin
    their transactions on a clean slate.
    """
    if not user_id.isdecimal() or len(user_id) > 18:  # a bigint
        return None
    writes = has_request_context() and request.method not in READS
    ask = visitors().fresh if writes else visitors().get
    visitor = ask(int(user_id), sessions.current())
    if visitor is None:
        return None
    g.tenant = visitor.tenant
    return visitor.user


def current_tenant() -> Tenant:
    """The tenant of the signed-in user. Ends the request with 401 when nobody is signed in."""
    if not current_user.is_authenticated:
        abort(401)
    tenant: Tenant | None = g.get("tenant")
    if tenant is None or tenant.id != current_user.tenant_id:
        with Session(db.engine) as session:
            tenant = session.get_one(Tenant, current_user.tenant_id)
        g.tenant = tenant
    return tenant
