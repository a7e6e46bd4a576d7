"""Sign-in, sign-out, and the demo's links."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from ..accounts import proxy_warning
from ..accounts import sign_in as accounts_sign_in
from ..accounts.demo import demo_user
from ..language import gettext as _
from ..services import services
from . import sign_in_steps, sso_offer
from .access import is_fragment, public
from .errors import ErrorMessage, error_response
from .forms import SignInForm
from .passkey_host import party
from .second_factor_rule import open_for_set_up

bp = Blueprint("auth", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
@public("the sign-in page itself")
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")), 303)
    proxy_warning.check(services().redis, request, services().config.trusted_proxies)
    form = SignInForm()
    if not form.validate_on_submit():
        return _sign_in_page(form, 422 if form.is_submitted() else 200)
    try:
        user = services().sign_ins.sign_in(form.email.data, form.password.data, sign_in_steps.client())
    except accounts_sign_in.SignInRefused as refused:
        return _sign_in_page(form, refused.status, refused.text, {"Retry-After": str(refused.wait)})
    except accounts_sign_in.SignInFailed as failed:
        return _sign_in_page(form, 422, str(failed))
    if not sign_in_steps.pass_password(user):
        return redirect(url_for("second_step.show", next=request.args.get("next")), 303)
    return redirect(local_path(request.args.get("next")), 303)


@bp.post("/sign-out")
@open_for_set_up
def sign_out() -> ResponseReturnValue:
    sign_in_steps.end_session()
    logout_user()
    session.clear()
    flash(_("You are signed out."), "success")
    return redirect(url_for("auth.sign_in"), 303)


@bp.get("/demo")
@public("signs in to the demo; exists in demo mode only")
def demo() -> ResponseReturnValue:
    """Signs in to the tenant `demo` as its manager, or with `?as=` as the first user of another role. In demo mode only."""
    if not services().config.demo:
        abort(404)
    role = request.args.get("as", "manager")
    user = demo_user(role)
    if user is None:
        advice = _("Use /demo for a manager, or /demo?as= with viewer, sales or admin. `make run` creates all of them.")
        return error_response(
            404, ErrorMessage(_("The demo has no user with the role '%(role)s'", role=role[:80]), advice)
        )
    sign_in_steps.complete(user, "demo")
    return redirect(local_path(request.args.get("next")), 303)


def local_path(text: str | None) -> str:
    """`text` if it is a page of this site, else the board, so that a sign-in link cannot lead to another site."""
    home = url_for("board.index")
    # Browsers read a backslash as a slash and drop control characters, so neither may hide a second slash.
    if not text or text[:1] != "/" or text[:2] == "//" or "\\" in text or not text.isprintable():
        return home
    parts = urlsplit(text)
    return home if parts.scheme or parts.netloc or is_fragment(parts.path) else text


def _sign_in_page(
    form: SignInForm, status: int, problem: str | None = None, headers: dict[str, str] | None = None
) -> ResponseReturnValue:
    settings = {"demo": services().config.demo, "mail_is_set_up": services().mail.is_set_up()}
    settings["passkeys_work"] = party() is not None
    offer = sso_offer.find_offer()
    page = render_template("pages/sign_in.html", form=form, problem=problem, offer=offer, **settings)
    return page, status, headers or {}
