"""The users of the company, for admins: the list, invitations, and one user with what an admin may change."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import management
from ..accounts.current import current_tenant
from ..accounts.management import ChangedUser, UserChange
from ..accounts.permissions import Permission
from ..audit.kinds import Kind
from ..invitations import notice
from ..language import gettext as _
from ..second_factor import changes as factors
from ..second_factor.account import Account
from ..services import services
from ..signals import notices
from . import invite_form, renaming, sign_in_steps, users_parts
from .access import guard
from .board import live_since
from .invite_form import UserForm
from .second_factor_mails import send_changed

bp = Blueprint("users", __name__, url_prefix="/settings/users")
guard(bp, Permission.MANAGE_USERS)


@bp.get("")
def index() -> str:
    live_since()
    return render_template(
        "pages/users.html", tenant=current_tenant(), part=users_parts.list_part(), **users_parts.search()
    )


@bp.get("/<int:user_id>")
def show(user_id: int) -> str:
    return _page(user_id)


@bp.post("/<int:user_id>/name")
def rename(user_id: int) -> ResponseReturnValue:
    form = invite_form.parse_name(request.form)
    return _change(user_id, form, lambda change: change.rename(form.texts["name"]), _renamed)


@bp.post("/<int:user_id>/role")
def set_role(user_id: int) -> ResponseReturnValue:
    form = invite_form.parse_role(request.form)
    return _change(user_id, form, lambda change: change.set_role(form.texts["role"]), _ended)


@bp.post("/<int:user_id>/disabling")
def disable(user_id: int) -> ResponseReturnValue:
    return _change(user_id, UserForm({}), UserChange.disable, _ended)


@bp.post("/<int:user_id>/enabling")
def enable(user_id: int) -> ResponseReturnValue:
    return _change(user_id, UserForm({}), UserChange.enable, _ended)


@bp.post("/<int:user_id>/sign-out")
def sign_out(user_id: int) -> ResponseReturnValue:
    return _change(user_id, UserForm({}), UserChange.end_sessions, sign_in_steps.announce_end)


@bp.post("/<int:user_id>/second-factor/reset")
def reset_second_factor(user_id: int) -> ResponseReturnValue:
    """For a user who has lost the phone, the passkeys and the recovery codes."""
    return _change(user_id, UserForm({}), _reset, sign_in_steps.announce_end)


def _reset(change: UserChange) -> ChangedUser:
    user = change.present_user()
    was_on = factors.reset(Account.of(user))
    if was_on:
        send_changed(user, Kind.SECOND_FACTOR_OFF)
    return ChangedUser(user, was_on)


def _change(
    user_id: int, form: UserForm, apply: Callable[[UserChange], ChangedUser], announce: Callable[[int], None]
) -> ResponseReturnValue:
    """Apply a change, announce it and show the user again; or the page with the reason why nothing was changed."""
    tenant_id = current_tenant().id
    if form.errors:
        return _page(user_id, form), 422
    try:
        done = apply(UserChange(tenant_id, current_user.id, user_id))
    except management.UnknownUser:
        abort(404, _gone())
    except management.RefusedChange as refused:
        return _page(user_id, problem=str(refused)), 409
    if done.changed:
        announce(user_id)
        notice.announce(services().redis, tenant_id)
    flash(_done_text(done), "success")
    return redirect(url_for("users.show", user_id=user_id), 303)


def _done_text(done: ChangedUser) -> str:
    name = done.user.name
    if not done.changed:
        return _("%(name)s was like that already. Nothing was changed.", name=name)
    return {
        "users.rename": _("Renamed to %(name)s.", name=name),
        "users.set_role": _("Changed the role of %(name)s, who has to sign in again.", name=name),
        "users.disable": _("Disabled %(name)s, who is signed out everywhere within seconds.", name=name),
        "users.enable": _("Enabled %(name)s, who can sign in again.", name=name),
        "users.reset_second_factor": _(
            "Turned off two-step sign-in for %(name)s, who has to sign in again.", name=name
        ),
        "users.sign_out": _("Signed %(name)s out everywhere.", name=name),
    }[str(request.endpoint)]


def _renamed(user_id: int) -> None:
    renaming.announce(current_tenant().id, user_id)


def _ended(user_id: int) -> None:
    """The user's streams end; lists of salespeople on the team's pages change."""
    sign_in_steps.announce_end(user_id)
    notices.tenant_changed(services().redis, current_tenant().id)


def _page(user_id: int, form: UserForm | None = None, problem: str = "") -> str:
    live_since()
    part = users_parts.user_part(user_id, form)
    if part is None:
        abort(404, _gone())
    errors = " ".join(form.errors.values()) if form else ""
    return render_template(
        "pages/user.html", tenant=current_tenant(), part=part, user_id=user_id, problem=problem or errors
    )


def _gone() -> str:
    return _("Your company has no such user. Go back to Settings → Users for the present list.")
