"""Comments on an order: POST /orders/7/comments, and the live part of the page that shows them."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_only_owner, current_tenant
from ..accounts.permissions import Permission, may
from ..comments import writing
from ..comments.errors import CommentError, CommentNotFound, TooManyComments
from ..language import gettext as _
from ..notifications.inbox import publish_inbox
from ..orders.errors import OrderNotFound
from ..queries import order_page
from ..services import services
from . import forms
from .access import guard
from .errors import order_not_found
from .orders import show_page

bp = Blueprint("comments", __name__)
guard(bp, Permission.CHANGE_OWN_ORDERS)


@bp.before_request
def check_rights() -> None:
    """404 for an order that the user does not see. A comment on one that the user may not change is refused unread."""
    owner_id = order_page.owner_of(current_tenant(), (request.view_args or {})["number"], current_only_owner())
    if request.endpoint == "comments.add":
        writing.check_writer(owner_id, forms.editor())


@bp.post("/orders/<order_number:number>/comments")
def add(number: str) -> ResponseReturnValue:
    tenant_id = current_tenant().id
    services().comment_limit.count(current_user.id)
    written = writing.add(tenant_id, number, request.form.get("comment", ""), by=forms.editor(), key=_key())
    _signal_inboxes(tenant_id, written)
    return redirect(url_for("orders.show", number=number, _anchor=f"comment-{written.comment_id}"), 303)


@bp.post("/orders/<order_number:number>/comments/<int:comment_id>/deletion")
def remove(number: str, comment_id: int) -> ResponseReturnValue:
    tenant_id, removes_all = current_tenant().id, may(current_user, Permission.REMOVE_COMMENTS)
    removed = writing.remove(tenant_id, number, comment_id, user_id=current_user.id, removes_all=removes_all)
    _signal_inboxes(tenant_id, removed)
    flash(_("Comment deleted."), "success")
    return redirect(url_for("orders.show", number=number), 303)


@bp.errorhandler(CommentError)
def refused(error: CommentError) -> ResponseReturnValue:
    """The order's page with the reason at the field, which keeps the text."""
    number = (request.view_args or {})["number"]
    try:
        if request.endpoint == "comments.add":
            page = show_page(number, status=error.status, comment_problem=str(error))
        else:
            category = "info" if isinstance(error, CommentNotFound) else "danger"
            page = show_page(number, str(error), error.status, category)
    except OrderNotFound as missing:
        return order_not_found(missing)
    return (*page, {"Retry-After": str(error.wait)}) if isinstance(error, TooManyComments) else page


def _key() -> UUID | None:
    try:
        return UUID(request.form.get("idempotency_key", ""))
    except ValueError:
        return None


def _signal_inboxes(tenant_id: int, written: writing.WrittenComment) -> None:
    for user_id in written.notified:
        publish_inbox(services().redis, tenant_id, user_id)
