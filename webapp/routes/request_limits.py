"""Refuses changes and searches beyond the limits per minute, with what to do next."""

from __future__ import annotations

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..language import gettext as _
from ..observability.metrics import web as metrics
from ..rate_limit.requests import Refusal, RequestKind, Scope
from ..services import services
from .access import public_reason
from .errors import ErrorMessage, error_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Signing out must always work.
UNLIMITED = frozenset({"auth.sign_out"})


def init_app(app: Flask) -> None:
    app.before_request(limit_changes)


def limit_changes() -> ResponseReturnValue | None:
    """Runs before each request. Public routes with forms count by client instead."""
    if request.method in SAFE_METHODS or request.endpoint is None or request.endpoint in UNLIMITED:
        return None
    if public_reason(current_app, request.endpoint) or not current_user.is_authenticated:
        return None
    refusal = over_limit(RequestKind.CHANGE)
    if refusal is None:
        return None
    message = ErrorMessage(_("Too many changes"), f"{too_many_changes(refusal)} {_('Nothing was changed.')}")
    return error_response(429, message, {"Retry-After": str(refusal.wait)})


def over_limit(kind: RequestKind) -> Refusal | None:
    """Count the request for its user and tenant. Returns the limit that it is over."""
    refusal = services().request_limits.count(kind, current_tenant().id, current_user.id)
    if refusal is not None:
        metrics.REQUESTS_REFUSED.labels(kind, refusal.scope).inc()
    return refusal


def too_many_changes(refusal: Refusal) -> str:
    values = {"count": refusal.most, "wait": refusal.wait}
    if refusal.scope is Scope.USER:
        return _("You made %(count)s changes within a minute. Wait %(wait)s seconds, then try again.", **values)
    return _("Your team made %(count)s changes within a minute. Wait %(wait)s seconds, then try again.", **values)


def too_many_searches(refusal: Refusal) -> str:
    values = {"count": refusal.most, "wait": refusal.wait}
    if refusal.scope is Scope.USER:
        return _("You searched %(count)s times within a minute. Wait %(wait)s seconds, then search again.", **values)
    return _("Your team searched %(count)s times within a minute. Wait %(wait)s seconds, then search again.", **values)
