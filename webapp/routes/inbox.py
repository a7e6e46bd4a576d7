"""The inbox: the page of one's notifications, and marking them read."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import func, update

from ..accounts.current import current_tenant
from ..db import db
from ..models import Notification
from ..notifications.inbox import publish_inbox
from .board import live_since
from .page_parts import inbox_part

bp = Blueprint("inbox", __name__, url_prefix="/inbox")


@bp.get("")
@login_required
def index() -> str:
    live_since()
    return render_template("pages/inbox.html", tenant=current_tenant(), part=inbox_part())


@bp.post("/read")
@login_required
def read_all() -> ResponseReturnValue:
    return _mark_read(None)


@bp.post("/<int:note_id>/read")
@login_required
def read_one(note_id: int) -> ResponseReturnValue:
    return _mark_read(note_id)


def _mark_read(note_id: int | None) -> ResponseReturnValue:
    """Mark one's own notification, or all of them. A note that is somebody else's, or read already, changes nothing."""
    tenant_id, user_id = current_user.tenant_id, current_user.id
    mine = update(Notification).where(
        Notification.tenant_id == tenant_id, Notification.user_id == user_id, Notification.read_at.is_(None)
    )
    if note_id is not None:
        mine = mine.where(Notification.id == note_id)
    db.session.execute(mine.values(read_at=func.now()))
    db.session.commit()
    publish_inbox(tenant_id, user_id)
    if request.headers.get("HX-Request"):
        return "", 204  # the list comes anew with the signal, in this tab as in the others
    return redirect(url_for("inbox.index"), 303)
