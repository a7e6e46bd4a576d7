"""The inbox: its page, and marking notifications as read."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..notifications.inbox import mark_read
from ..services import services
from .board import live_since
from .page_parts import inbox_part

bp = Blueprint("inbox", __name__, url_prefix="/inbox")


@bp.get("")
def index() -> str:
    live_since()
    return render_template("pages/inbox.html", tenant=current_tenant(), part=inbox_part())


@bp.post("/read")
def read_all() -> ResponseReturnValue:
    mark_read(services().redis, current_user)
    return _done()


@bp.post("/<int:notification_id>/read")
def read_one(notification_id: int) -> ResponseReturnValue:
    mark_read(services().redis, current_user, notification_id)
    return _done()


def _done() -> ResponseReturnValue:
    """204 for htmx, because the signal makes every tab refetch the list; else a redirect to the inbox."""
    return ("", 204) if request.headers.get("HX-Request") else redirect(url_for("inbox.index"), 303)
