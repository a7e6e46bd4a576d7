"""Signing in and out, and the demo's doors."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import accounts, sessions, sign_in_limit, stream
from ..config import Config
from ..db import db
from ..errors import Trouble, answer
from ..forms import SignInForm
from ..models import Tenant, User
from ..tenancy import is_fragment
from ..visitors import visitors

DEMO_SLUG = "demo"

bp = Blueprint("auth", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")), 303)
    form = SignInForm()
    if not form.validate_on_submit():
        return _sign_in_page(form, 422 if form.is_submitted() else 200)
    email, address = form.email.data, request.remote_addr or ""
    wait = sign_in_limit.seconds_to_wait(email, address)
    if wait:
        minutes = -(-wait // 60)
        return _sign_in_page(
            form,
            429,
            f"Sign-in failed {sign_in_limit.TRIES} times. "
            f"Try again in {minutes} minute{'s' if minutes != 1 else ''}, or ask for a new password.",
        )
    user = accounts.authenticate(email, form.password.data)
    if user is None:
        return _sign_in_page(
            form, 422, "E-mail and password do not match. Check both, or ask whoever runs Doorbell for a new password."
        )
    sign_in_limit.forget(email, address)
    _let_in(user)
    return redirect(local_path(request.args.get("next")), 303)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    _end_session()
    logout_user()
    session.clear()
    flash("You are signed out.", "success")
    return redirect(url_for("auth.sign_in"), 303)


@bp.get("/demo")
def demo() -> ResponseReturnValue:
    """Signs in to the tenant `demo` as its manager, or with `?as=sales` as a salesperson. In demo mode only."""
    if not _is_demo():
        abort(404)
    role = request.args.get("as", "manager")
    with Session(db.engine) as reading:
        statement = select(User).join(Tenant, Tenant.id == User.tenant_id)
        statement = statement.where(Tenant.slug == DEMO_SLUG, User.role == role).order_by(User.id).limit(1)
        user = reading.scalars(statement).one_or_none()
    if user is None:
        advice = "Allowed are a manager (/demo) and a salesperson (/demo?as=sales); `make run` makes both."
        return answer(404, Trouble(f"The demo has nobody with the role {role!r}", advice))
    _let_in(user)
    return redirect(local_path(request.args.get("next")), 303)


def local_path(text: str | None) -> str:
    """`text` if it is a page of this site, else the board: a sign-in link must not lead elsewhere."""
    home = url_for("board.index")
    # Browsers read a backslash as a slash and drop control characters, so neither may hide a second slash.
    if not text or text[:1] != "/" or text[:2] == "//" or "\\" in text or not text.isprintable():
        return home
    parts = urlsplit(text)
    return home if parts.scheme or parts.netloc or is_fragment(parts.path) else text


def _let_in(user: User) -> None:
    _end_session()  # the demo's doors let in who is signed in already, as somebody else
    visitors().forget(user.id)  # whoever signs in is as they are now
    session.clear()  # nothing that was in the cookie before the sign-in lives on after it
    login_user(user)
    sessions.begin()


def _end_session() -> None:
    """The session of who is signed in, if anybody is: in all processes, and in this one at once."""
    if not current_user.is_authenticated:
        return
    key = sessions.current()
    if key is not None:
        sessions.end(key)
        stream.end_session(key)
    visitors().forget(current_user.id)


def _sign_in_page(form: SignInForm, status: int, problem: str | None = None) -> ResponseReturnValue:
    return render_template("pages/sign_in.html", form=form, problem=problem, demo=_is_demo()), status


def _is_demo() -> bool:
    return cast(Config, current_app.extensions["doorbell_config"]).demo
