"""The inbox: its page, and marking notifications as read."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission, may
from ..events.notification_kinds import kinds_of
from ..language import gettext as _
from ..notifications.inbox import mark_read
from ..services import services
from . import inbox_filter
from .board import live_since
from .page_parts import inbox_part

bp = Blueprint("inbox", __name__, url_prefix="/inbox")

# More boxes than a page has.
MAX_SELECTED = 1000


@bp.get("")
def index() -> str:
    live_since()
    wanted, before = inbox_filter.parse(request.args)
    return render_template(
        "pages/inbox.html",
        tenant=current_tenant(),
        part=inbox_part(wanted, before),
        wanted=wanted,
        kinds=kinds_of(may(current_user, Permission.MANAGE_RELAY)),
        arguments=inbox_filter.arguments(wanted, before),
    )


@bp.post("/read")
def read_all() -> ResponseReturnValue:
    """Mark all of the list as read that its page had: `query` is its filter, `newest` its newest id."""
    wanted, _before = inbox_filter.parse_query(request.form.get("query", ""))
    newest = request.form.get("newest", "")
    is_id = newest.isascii() and newest.isdigit() and len(newest) <= 18
    mark_read(services().redis, current_user, wanted, newest=int(newest) if is_id else None)
    return _done()


@bp.post("/read/selected")
def read_selected() -> ResponseReturnValue:
    """Mark those with a ticked box as read."""
    texts = request.form.getlist("id")[:MAX_SELECTED]
    ids = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= 18]
    if ids:
        mark_read(services().redis, current_user, ids=ids)
    else:
        flash(_("Select the notifications to mark as read."), "info")
    return _done()


@bp.post("/<int:notification_id>/read")
def read_one(notification_id: int) -> ResponseReturnValue:
    if notification_id >= 2**63:
        abort(400, _("No notification has this number. Open the inbox again."))
    mark_read(services().redis, current_user, ids=[notification_id])
    return _done()


def _done() -> ResponseReturnValue:
    """204 for htmx, because the signal makes every tab refetch the list; else a redirect to the list of the form."""
    if request.headers.get("HX-Request"):
        return "", 204
    wanted, before = inbox_filter.parse_query(request.form.get("query", ""))
    return redirect(url_for("inbox.index", **inbox_filter.arguments(wanted, before)), 303)
