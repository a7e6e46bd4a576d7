"""The settings of a company's board, for managers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..accounts import workspace
from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..db import db
from ..language import gettext as _
from ..services import services
from ..signals import notices
from .access import guard

bp = Blueprint("board_settings", __name__, url_prefix="/settings/board")
guard(bp, Permission.MANAGE_BOARD)


@bp.get("")
def index() -> str:
    return render_template("pages/board_settings.html", tenant=current_tenant())


@bp.post("")
def save() -> ResponseReturnValue:
    """The box is absent from a form in which it is not checked. A box that this manager did not change changes nothing."""
    tenant_id, shows_ranking = current_tenant().id, "shows_ranking" in request.form
    was_shown = request.form.get("shown-shows_ranking", "") == "on"
    edit = workspace.Edit({"shows_ranking": was_shown}, {"shows_ranking": shows_ranking})
    db.session.close()  # the edit takes a connection of its own
    outcome = workspace.save(tenant_id, edit)
    if outcome.saved:
        services().users.forget_tenant(tenant_id)
        notices.tenant_changed(services().redis, tenant_id)
    shows_ranking = bool(outcome.others.get("shows_ranking", shows_ranking))
    saved = _("Salespeople are ranked on the board.") if shows_ranking else _("The board shows no ranking.")
    flash(saved, "success")
    return redirect(url_for("board_settings.index"), 303)


@bp.app_context_processor
def _ranking() -> dict[str, Any]:
    return {"shows_ranking": lambda: current_tenant().shows_ranking}
