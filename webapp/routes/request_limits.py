"""Refuses changes, downloads and searches beyond the limits per minute, with what to do next."""

from __future__ import annotations

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..language import gettext as _
from ..language import ngettext
from ..observability.metrics import web as metrics
from ..rate_limit.requests import Refusal, RequestKind, Scope
from ..services import services
from .access import public_reason
from .errors import ErrorMessage, error_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Signing out must always work.
UNLIMITED = frozenset({"auth.sign_out"})
# Each writes an entry of the audit log, which is kept for years, so it counts as a change.
DOWNLOADS = frozenset(
    {"downloads.orders", "downloads.figures", "history.download", "audit_log.download", "imports.report"}
)
# With one of these parameters the page searches. The list of orders counts its searches itself (order_filter.py).
SEARCHES = {
    "audit_log.index": ("person", "kind", "range", "from", "to", "address", "subject"),
    "privacy.index": ("months",),
    "privacy.subject": ("customer", "user"),
    "panels.users": ("q",),
    "users.index": ("q",),
}


def init_app(app: Flask) -> None:
    app.before_request(limit_requests)


def limit_requests() -> ResponseReturnValue | None:
    """Runs before each request. Public routes with forms count by client instead."""
    kind = _kind()
    if kind is None or public_reason(current_app, request.endpoint or "") or not current_user.is_authenticated:
        return None
    refusal = over_limit(kind)
    return None if refusal is None else _refused(refusal, kind)


def _kind() -> RequestKind | None:
    """The kind as which the request counts; None for one without a limit per minute."""
    if request.endpoint is None or request.endpoint in UNLIMITED:
        return None
    if request.method not in SAFE_METHODS:
        return RequestKind.CHANGE
    if request.method == "GET" and request.endpoint in DOWNLOADS:
        return RequestKind.CHANGE
    is_search = any(request.args.get(name) for name in SEARCHES.get(request.endpoint, ()))
    return RequestKind.SEARCH if is_search else None


def _refused(refusal: Refusal, kind: RequestKind) -> ResponseReturnValue:
    if kind is RequestKind.SEARCH:
        message = ErrorMessage(_("Too many attempts"), too_many_searches(refusal))
    elif request.method == "GET":
        message = ErrorMessage(_("Too many downloads at once"), _("Wait a little, then try again."))
    else:
        message = ErrorMessage(_("Too many changes"), f"{too_many_changes(refusal)} {_('Nothing was changed.')}")
    return error_response(429, message, {"Retry-After": str(refusal.wait)})


def over_limit(kind: RequestKind) -> Refusal | None:
    """Count the request for its user and tenant. Returns the limit that it is over."""
    refusal = services().request_limits.count(kind, current_tenant().id, current_user.id)
    if refusal is not None:
        metrics.REQUESTS_REFUSED.labels(kind, refusal.scope).inc()
    return refusal


def too_many_changes(refusal: Refusal) -> str:
    if refusal.scope is Scope.USER:
        return ngettext(
            "You made %(count)s changes within a minute. Wait %(num)s second, then try again.",
            "You made %(count)s changes within a minute. Wait %(num)s seconds, then try again.",
            refusal.wait,
            count=refusal.most,
        )
    return ngettext(
        "Your team made %(count)s changes within a minute. Wait %(num)s second, then try again.",
        "Your team made %(count)s changes within a minute. Wait %(num)s seconds, then try again.",
        refusal.wait,
        count=refusal.most,
    )


def too_many_searches(refusal: Refusal) -> str:
    if refusal.scope is Scope.USER:
        return ngettext(
            "You searched %(count)s times within a minute. Wait %(num)s second, then search again.",
            "You searched %(count)s times within a minute. Wait %(num)s seconds, then search again.",
            refusal.wait,
            count=refusal.most,
        )
    return ngettext(
        "Your team searched %(count)s times within a minute. Wait %(num)s second, then search again.",
        "Your team searched %(count)s times within a minute. Wait %(num)s seconds, then search again.",
        refusal.wait,
        count=refusal.most,
    )
