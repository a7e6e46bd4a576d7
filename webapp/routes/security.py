"""The security settings of the signed-in user: the password and the sessions."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from ..accounts import new_password, own_password, own_sessions, sessions
from ..accounts import sign_in as accounts_sign_in
from ..accounts.current import current_tenant
from ..accounts.hashing import HashingBusy
from ..accounts.new_password import PasswordChangedMeanwhile
from ..accounts.passwords import PASSWORD_MIN_CHARS, PasswordInvalid
from ..language import gettext as _
from ..models import User
from ..push import subscriptions
from ..services import services
from . import sign_in_steps
from .board import live_since
from .forms import ChangePasswordForm
from .password_mails import send_changed

bp = Blueprint("security", __name__, url_prefix="/settings/security")

BUSY_SECONDS = 5


@bp.get("")
def index() -> str:
    return _page(ChangePasswordForm())


@bp.post("/password")
def change_password() -> ResponseReturnValue:
    """Change the password. This session goes on; all others end."""
    form = ChangePasswordForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        # With the limits of a sign-in, so that an open page is no way to guess the password.
        known = services().sign_ins.sign_in(current_user.email, form.current.data, sign_in_steps.client())
        password_hash = new_password.hash_new(form.password.data, current_user, current_tenant())
        return _save(known, password_hash)
    except accounts_sign_in.SignInRefused as refused:
        return _page(form, refused.text), refused.status, {"Retry-After": str(refused.wait)}
    except HashingBusy:
        problem = _("Doorbell is busy right now. Try again in %(count)s seconds.", count=BUSY_SECONDS)
        return _page(form, problem), 503, {"Retry-After": str(BUSY_SECONDS)}
    except accounts_sign_in.SignInFailed:
        form.current.errors = [
            _("This is not your current password. Check it, or sign out and choose “Forgot your password?”.")
        ]
    except PasswordInvalid as invalid:
        form.password.errors = [str(invalid)]
    except PasswordChangedMeanwhile:
        form.current.errors = [_("Your password was changed meanwhile. Sign in again with the new one.")]
    return _page(form), 422


@bp.post("/sessions/<session_id>/sign-out")
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign out one session of the user. The present one is signed out as by its button in the menu."""
    key = own_sessions.end_one(current_user, session_id) if _is_id(session_id) else None
    if key is None:
        flash(_("That session had ended already."), "info")
        return redirect(url_for("security.index"), 303)
    sign_in_steps.end_everywhere(key)
    this = sessions.current()
    if this is not None and this.id == key.id:
        return _signed_out(_("You are signed out."))
    flash(_("The session was signed out."), "success")
    return redirect(url_for("security.index"), 303)


@bp.post("/sign-out")
def end_all() -> ResponseReturnValue:
    """Sign out all sessions of the user, this one included."""
    own_sessions.end_all(current_user.tenant_id, current_user.id)
    sign_in_steps.announce_end(current_user.id)
    return _signed_out(_("You are signed out everywhere."))


def _is_id(text: str) -> bool:
    """Whether `text` can be the id of a session."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _save(known: User, password_hash: str) -> ResponseReturnValue:
    """Raises PasswordChangedMeanwhile."""
    sessions_from = new_password.change(known, password_hash, sessions.current(), subscriptions.carry_over)
    sessions.renew(sessions_from)
    sign_in_steps.announce_end(known.id)
    send_changed(known, current_tenant())
    flash(_("Your password was changed. Your other sessions are signed out."), "success")
    return redirect(url_for("security.index"), 303)


def _signed_out(text: str) -> ResponseReturnValue:
    logout_user()
    session.clear()
    flash(text, "success")
    return redirect(url_for("auth.sign_in"), 303)


def _page(form: ChangePasswordForm, problem: str | None = None) -> str:
    live_since()
    this = sessions.current()
    users = services().users
    return render_template(
        "pages/security.html",
        tenant=current_tenant(),
        form=form,
        problem=problem,
        least=PASSWORD_MIN_CHARS,
        has_password=own_password.has_password(current_user),
        mail_is_set_up=services().mail.is_set_up(),
        sessions=own_sessions.valid(current_user, this.id if this else None, users.idle),
    )
