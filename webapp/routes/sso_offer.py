"""The button of single sign-on on the sign-in page, and the cookie by which a browser remembers its company."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from ..accounts import lookup_sso
from ..db import db
from ..language import gettext as _
from ..models import SsoConnection
from ..postgres import tenancy
from ..services import services

_SALT = "doorbell single sign-on"
_COOKIE_SECONDS = 365 * 86_400


@dataclass(frozen=True)
class Offer:
    """With a `tenant_id` the button leads to its provider; without one it asks for the e-mail address first."""

    text: str
    tenant_id: int | None


def find_offer() -> Offer | None:
    """The button for this browser; None while no company uses single sign-on.

    A company is named only to a browser that has signed in to it, or where it is the only one of the installation.
    """
    with Session(db.engine) as session:
        if not lookup_sso.has_connection(session):
            return None
        tenant_id = _remembered() or lookup_sso.only_tenant(session)
    if tenant_id is None:
        return Offer(_("Sign in with single sign-on"), None)
    tenancy.enter(tenant_id)
    with Session(db.engine) as session:
        connection = session.get(SsoConnection, tenant_id)
        if connection is None:
            return Offer(_("Sign in with single sign-on"), None)
        return Offer(connection.button_text or _("Sign in with single sign-on"), connection.tenant_id)


def remember(response: Response, tenant_id: int) -> None:
    """Let this browser's sign-in page name the company."""
    is_secure = services().config.cookie_secure
    value = _serializer().dumps(tenant_id)
    options = {"secure": is_secure, "httponly": True, "samesite": "Lax", "path": "/"}
    response.set_cookie(_cookie_name(), str(value), max_age=_COOKIE_SECONDS, **options)  # type: ignore[arg-type]


def _remembered() -> int | None:
    try:
        found = _serializer().loads(request.cookies.get(_cookie_name(), ""))
    except BadSignature:
        return None
    return found if isinstance(found, int) else None


def _serializer() -> URLSafeSerializer:
    config = services().config
    # The last key signs, all of them verify.
    return URLSafeSerializer([*reversed(config.secret_key_fallbacks), config.secret_key], salt=_SALT)


def _cookie_name() -> str:
    return "__Host-doorbell-sso" if services().config.cookie_secure else "doorbell-sso"
