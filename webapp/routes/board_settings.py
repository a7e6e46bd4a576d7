"""The settings of a company's board, for managers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..accounts import changes
from ..accounts.changes import TenantChange
from ..accounts.current import current_tenant
from ..language import gettext as _
from ..services import services
from ..signals import notices
from .access import require_manager

bp = Blueprint("board_settings", __name__, url_prefix="/settings/board")
bp.before_request(require_manager)


@bp.get("")
def index() -> str:
    return render_template("pages/board_settings.html", tenant=current_tenant())


@bp.post("")
def save() -> ResponseReturnValue:
    """The box is absent from a form in which it is not checked."""
    shows_ranking = "shows_ranking" in request.form
    changed = changes.change_tenant(current_tenant().slug, TenantChange(shows_ranking=shows_ranking))
    if changed.changed:
        services().users.forget_tenant(changed.id)
        notices.tenant_changed(services().redis, changed.id)
    saved = _("Salespeople are ranked on the board.") if shows_ranking else _("The board shows no ranking.")
    flash(saved, "success")
    return redirect(url_for("board_settings.index"), 303)


@bp.app_context_processor
def _ranking() -> dict[str, Any]:
    return {"shows_ranking": lambda: current_tenant().shows_ranking}
