"""The page of an invitation, `/invitation/<token>`: the invited person enters a name and a password, and is signed in."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import passwords
from ..accounts.hashing import HashingBusy
from ..accounts.sign_in import BUSY_SECONDS
from ..accounts.sign_in_throttle import client_of
from ..invitations import acceptance, notice
from ..invitations.acceptance import ACCEPTED, OPEN, REVOKED, AddressTaken, FoundInvitation
from ..language import gettext as _
from ..language import ngettext
from ..services import services
from ..signals import notices
from . import invite_form, sign_in_steps
from .access import public
from .invite_form import UserForm

# The token in the address is a secret: no request sends it as a referrer, no browser keeps it, and search engines stay away.
# The referrer has the origin, because the CSRF check of the form refuses HTTPS requests without one.
HEADERS = {"Referrer-Policy": "strict-origin", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}

bp = Blueprint("invitation", __name__, url_prefix="/invitation")


@bp.before_request
def _find() -> ResponseReturnValue | None:
    """Find the invitation by its token, or answer with the reason why it cannot be accepted."""
    found = acceptance.find(str((request.view_args or {}).get("token", "")))
    if found is None:
        wait = services().invitation_limits.wait_after_unknown(client_of(request.remote_addr or ""))
        if wait:
            text = ngettext(
                "Too many unknown links. Try again in %(num)s second.",
                "Too many unknown links. Try again in %(num)s seconds.",
                wait,
            )
            return _refused(text, 429)
        return _refused(
            _("This link is not valid. Check the address. If you asked for a new invitation, use the newest link."), 404
        )
    if found.state != OPEN:
        return _closed(found)
    g.invitation = found
    return None


@bp.after_request
def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


@bp.get("/<token>")
@public("the invited person has no account yet; the token in the address is the key")
def show(token: str) -> str:
    found: FoundInvitation = g.invitation
    return _page(UserForm({"name": found.invitation.name or ""}))


@bp.post("/<token>")
@public("the invited person has no account yet; the token in the address is the key")
def accept(token: str) -> ResponseReturnValue:
    found: FoundInvitation = g.invitation
    form = invite_form.parse_accept(request.form)
    password = request.form.get("password", "")
    try:
        if form.errors:
            passwords.check_new(password, found.invitation.email, found.tenant.name, found.tenant.slug)
            return _page(form), 422
        user = acceptance.accept(found, form.texts["name"], password)
    except passwords.PasswordInvalid as invalid:
        form.errors["password"] = str(invalid)
        return _page(form), 422
    except HashingBusy:
        text = _("Too many people are signing in right now. Try again in %(count)s seconds.", count=BUSY_SECONDS)
        return _page(form, text), 503, {"Retry-After": str(BUSY_SECONDS)}
    except AddressTaken:
        return _refused(_("%(email)s has an account already. Sign in with it.", email=found.invitation.email), 409)
    if user is None:
        # Another request was first: the link was used, renewed or revoked.
        return _closed(acceptance.find(token))
    notices.tenant_changed(services().redis, user.tenant_id)  # the board lists the new salesperson
    notice.announce(services().redis, user.tenant_id)
    # A user whom single sign-on has made may have a second factor already.
    if not sign_in_steps.pass_password(user, "invitation"):
        return redirect(url_for("second_step.show"), 303)
    flash(_("Welcome to %(company)s.", company=found.tenant.name), "success")
    return redirect(url_for("board.index"), 303)


def _closed(found: FoundInvitation | None) -> ResponseReturnValue:
    if found is None:
        return _refused(_("This invitation has a newer link. Use that one."), 410)
    if found.state == ACCEPTED:
        return _refused(_("This invitation was accepted. Sign in with your e-mail address and your password."), 410)
    asks = _("Ask %(name)s for a new one.", name=found.invited_by) if found.invited_by else _("Ask for a new one.")
    if found.state == REVOKED:
        return _refused(_("This invitation was revoked.") + f" {asks}", 410)
    return _refused(_("This invitation has expired.") + f" {asks}", 410)


def _refused(text: str, status: int) -> ResponseReturnValue:
    return render_template("pages/invitation_closed.html", message=text), status


def _page(form: UserForm, problem: str = "") -> str:
    found: FoundInvitation = g.invitation
    return render_template(
        "pages/invitation.html",
        found=found,
        form=form,
        problem=problem,
        replaces=current_user.name if current_user.is_authenticated else "",
        max_chars=invite_form.NAME_MAX_CHARS,
        password_chars=(passwords.PASSWORD_MIN_CHARS, passwords.PASSWORD_MAX_CHARS),
    )
