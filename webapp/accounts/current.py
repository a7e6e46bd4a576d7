"""The signed-in user of a request, and the user's tenant."""

from __future__ import annotations

import flask_babel
from flask import abort, g, has_request_context, request
from flask_login import current_user
from sqlalchemy.orm import Session

from ..db import db
from ..language import locales
from ..models import Tenant, User
from ..postgres import tenancy
from ..server.security_headers import READS
from . import sessions
from .cached_user import only_owner
from .user_cache import UserCache


def load_user(users: UserCache, user_id: str) -> User | None:
    """The user of a session cookie, or None. Keeps the tenant for `current_tenant`.

    A writing request checks user and session in the database. A reading one may use a result that is up to
    user_cache.KEPT_SECONDS old. No connection is held afterwards: a stream lives for minutes, and the order verbs begin
    their own transactions.
    """
    if "shown_tenant" in g:
        return None
    # An id is a bigint, which 18 digits always fit.
    if not user_id.isdecimal() or len(user_id) > 18:
        return None
    writes = has_request_context() and request.method not in READS
    find = users.reload if writes else users.get
    cached = find(int(user_id), sessions.current())
    if cached is None:
        return None
    # The first text of a page loads the user, which may be after a link's tenant was entered.
    tenancy.enter_if_none(cached.tenant.id)
    g.tenant, g.locale = cached.tenant, user_locale(cached.user, cached.tenant)
    # A text of this request may have been translated before its user was known.
    flask_babel.refresh()
    return cached.user


def show_tenant(tenant: Tenant, locale: str) -> None:
    """Show this tenant in this request, which has no user, whatever the browser's cookies are: a TV's (routes/tv.py)."""
    tenancy.enter(tenant.id)
    g.shown_tenant, g.locale = tenant, locale
    flask_babel.refresh()


def current_tenant() -> Tenant:
    """The tenant of the signed-in user, or of the TV. Without either the request ends with 401."""
    shown: Tenant | None = g.get("shown_tenant")
    if shown is not None:
        return shown
    if not current_user.is_authenticated:
        abort(401)
    tenant: Tenant | None = g.get("tenant")
    if tenant is None or tenant.id != current_user.tenant_id:
        tenancy.enter(current_user.tenant_id)
        with Session(db.engine) as session:
            tenant = session.get_one(Tenant, current_user.tenant_id)
        g.tenant = tenant
    return tenant


def current_only_owner() -> int | None:
    """The id of the signed-in user, if the user sees no other figures and orders than the own ones; None for the whole team.

    Every route that reads orders or figures limits them to this owner.
    """
    return only_owner(current_user, current_tenant())


def current_locale() -> str:
    """The Babel locale of the page: of the words, dates and numbers that its reader sees.

    Signed out, and outside of requests, there is no tenant, so it is a language without a country.
    """
    locale: str | None = g.get("locale")
    if locale is None and has_request_context() and current_user.is_authenticated:
        locale = g.locale = user_locale(current_user, current_tenant())
    return locale or _language(None) or locales.DEFAULT


def user_locale(user: User, tenant: Tenant) -> str:
    """The locale of the user's pages in the browser of this request."""
    return locales.page_locale(_language(user), tenant.locale)


def _language(user: User | None) -> str | None:
    """The language of this request. None: there is no request, or the browser asks for a language without a catalog."""
    if not has_request_context():
        return user.language if user else None
    headers = request.headers
    page, accepted = headers.get(locales.PAGE_LANGUAGE, ""), headers.get("Accept-Language", "")
    return locales.chosen(page, user.language if user else None, accepted)


def keep_browser_locale() -> None:
    """For an error page: no query for the user, if none was read before."""
    g.setdefault("locale", _language(None) or locales.DEFAULT)
