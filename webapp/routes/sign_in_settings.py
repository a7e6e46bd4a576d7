"""How the users of the company sign in, for admins: the rule of two-step sign-in, and single sign-on."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import sessions
from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..db import db
from ..language import gettext as _
from ..second_factor import requirement
from ..services import services
from ..signals import notices
from .access import guard
from .recent_check import needs_recent_check

bp = Blueprint("sign_in_settings", __name__, url_prefix="/settings/sign-in")
guard(bp, Permission.MANAGE_SIGN_IN)


@bp.get("")
def index() -> str:
    return _page()


@bp.post("")
@needs_recent_check
def save() -> ResponseReturnValue:
    """The box is absent from a form in which it is not checked. A box that this admin did not change changes nothing."""
    is_required, was_required = "required" in request.form, request.form.get("shown-required", "") == "on"
    tenant_id = current_tenant().id
    if is_required and not was_required and _would_be_locked_out():
        problem = _("Set up two-step sign-in for yourself first, so that you do not lock yourself out.")
        return _page(problem), 422
    db.session.close()  # the change takes a connection of its own
    if is_required != was_required and requirement.change(tenant_id, is_required):
        services().users.forget_tenant(tenant_id)
        # Pages of users without a second factor then lead to its set-up.
        notices.tenant_changed(services().redis, tenant_id, reloads=True)
    required, optional = _("Everyone must use two-step sign-in now."), _("Two-step sign-in is optional now.")
    flash(required if is_required else optional, "success")
    return redirect(url_for("sign_in_settings.index"), 303)


def _would_be_locked_out() -> bool:
    """Whether the rule would lead this admin to the set-up too, which a session by single sign-on has not to do."""
    session = sessions.current()
    return current_user.second_factor_at is None and not (session and session.vouched)


def _page(problem: str = "") -> str:
    tenant = current_tenant()
    with_one, without = requirement.users_with_and_without(tenant.id)
    return render_template(
        "pages/sign_in_settings.html", tenant=tenant, problem=problem, with_one=with_one, without=without
    )
