"""A new password by mail. The answer to a request, and its time, are the same whether there is such an account or not.

The address in the mail has a secret. It leads to a form without it: the token moves to the browser's session cookie, so that
the form's address can be in logs and its CSRF check has a referrer.
"""

from __future__ import annotations

from flask import Blueprint, copy_current_request_context, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import logout_user

from ..accounts import new_password, password_reset
from ..accounts.hashing import HashingBusy
from ..accounts.passwords import PASSWORD_MIN_CHARS, PasswordInvalid
from ..language import gettext as _
from ..language import ngettext
from ..models import Tenant, User
from ..services import services
from . import sign_in_steps
from .access import public
from .forms import NewPasswordForm, ResetRequestForm
from .password_mails import reset_mail, send_changed

bp = Blueprint("password_reset", __name__, url_prefix="/password-reset")

_TOKEN = "_password_reset"  # noqa: S105 - the cookie's key
BUSY_SECONDS = 5
# The token in the address is sent to no other page.
HEADERS = {"Referrer-Policy": "no-referrer"}


@bp.route("", methods=["GET", "POST"])
@public("a user who forgot the password cannot sign in")
def ask() -> ResponseReturnValue:
    form = ResetRequestForm()
    if not services().mail.is_set_up():
        return _ask_page(form)
    if not form.validate_on_submit():
        return _ask_page(form), 422 if form.is_submitted() else 200
    if wait := services().password_resets.wait(sign_in_steps.client()):
        return _ask_page(form, _too_many(wait)), 429, {"Retry-After": str(wait)}
    email = form.email.data
    if services().password_resets.allows_mail(email):
        # In the mailer's thread, so that this answer takes the same time for each address.
        work = copy_current_request_context(lambda: password_reset.request(email, reset_mail))
        services().mail.send_composed(work)
    return redirect(url_for("password_reset.sent"), 303)


@bp.get("/sent")
@public("the answer to a request for a new password")
def sent() -> str:
    return render_template("pages/password_reset.html", state="sent")


@bp.get("/<token>")
@public("the link of a mail for a new password")
def open_link(token: str) -> ResponseReturnValue:
    """Keep the token for the form. A GET changes nothing else, because mail programs open links before their readers."""
    session[_TOKEN] = token[:200]
    return redirect(url_for("password_reset.choose"), 303), HEADERS


@bp.route("/new", methods=["GET", "POST"])
@public("a user who forgot the password cannot sign in")
def choose() -> ResponseReturnValue:
    token = str(session.get(_TOKEN, ""))
    if wait := services().password_resets.wait_for_links(sign_in_steps.client()):
        return _choose_page(NewPasswordForm(), None, _too_many(wait)), 429, {"Retry-After": str(wait)}
    found = password_reset.find(token) if token else None
    if found is None:
        return _expired()
    form, user = NewPasswordForm(), found[0]
    if not form.validate_on_submit():
        return _choose_page(form, user), 422 if form.is_submitted() else 200
    return _save(form, token, *found)


def _save(form: NewPasswordForm, token: str, user: User, tenant: Tenant) -> ResponseReturnValue:
    try:
        password_hash = new_password.hash_new(form.password.data, user, tenant)
    except PasswordInvalid as invalid:
        form.password.errors = [str(invalid)]
        return _choose_page(form, user), 422
    except HashingBusy:
        problem = _("Doorbell is busy right now. Try again in %(count)s seconds.", count=BUSY_SECONDS)
        return _choose_page(form, user, problem), 503, {"Retry-After": str(BUSY_SECONDS)}
    if password_reset.use(token, password_hash) is None:
        return _expired()
    sign_in_steps.announce_end(user.id)
    send_changed(user, tenant)
    # Not signed in by the link alone: a second factor may be required.
    sign_in_steps.end_session()
    logout_user()
    session.clear()
    flash(_("Your password was changed. Sign in with the new one."), "success")
    return redirect(url_for("auth.sign_in"), 303)


def _expired() -> ResponseReturnValue:
    session.pop(_TOKEN, None)
    return render_template("pages/password_reset.html", state="expired"), 410


def _ask_page(form: ResetRequestForm, problem: str | None = None) -> str:
    state = "ask" if services().mail.is_set_up() else "off"
    return render_template("pages/password_reset.html", state=state, form=form, problem=problem)


def _choose_page(form: NewPasswordForm, user: User | None, problem: str | None = None) -> str:
    shown = {"form": form, "email": user.email if user else "", "problem": problem, "least": PASSWORD_MIN_CHARS}
    return render_template("pages/password_reset.html", state="choose", **shown)


def _too_many(wait: int) -> str:
    minutes = -(-wait // 60)
    return ngettext(
        "Too many requests from your network. Try again in %(num)s minute.",
        "Too many requests from your network. Try again in %(num)s minutes.",
        minutes,
    )
