"""Signing in and out, and the demo's doors."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import stream
from ..accounts import proxy_warning, sessions
from ..accounts import sign_in as signing_in
from ..accounts.user_cache import visitors
from ..config import Config
from ..db import db
from ..models import Tenant, User
from .access import is_fragment
from .errors import ErrorMessage, answer
from .forms import SignInForm

DEMO_SLUG = "demo"

bp = Blueprint("auth", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")), 303)
    proxy_warning.look(request, _config().trusted_proxies)
    form = SignInForm()
    if not form.validate_on_submit():
        return _sign_in_page(form, 422 if form.is_submitted() else 200)
    try:
        user = signing_in.sign_in(form.email.data, form.password.data, _client())
    except signing_in.SignInRefused as refused:
        return _sign_in_page(form, refused.status, refused.text, {"Retry-After": str(refused.wait)})
    except signing_in.Failed as failed:
        return _sign_in_page(form, 422, str(failed))
    _let_in(user, "password")
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
    if not _config().demo:
        abort(404)
    role = request.args.get("as", "manager")
    with Session(db.engine) as reading:
        statement = select(User).join(Tenant, Tenant.id == User.tenant_id)
        statement = statement.where(Tenant.slug == DEMO_SLUG, User.role == role, User.disabled_at.is_(None))
        user = reading.scalars(statement.order_by(User.id).limit(1)).one_or_none()
    if user is None:
        advice = "Allowed are a manager (/demo) and a salesperson (/demo?as=sales); `make run` makes both."
        return answer(404, ErrorMessage(f"The demo has no user with the role {role!r}", advice))
    _let_in(user, "demo")
    return redirect(local_path(request.args.get("next")), 303)


def local_path(text: str | None) -> str:
    """`text` if it is a page of this site, else the board: a sign-in link must not lead elsewhere."""
    home = url_for("board.index")
    # Browsers read a backslash as a slash and drop control characters, so neither may hide a second slash.
    if not text or text[:1] != "/" or text[:2] == "//" or "\\" in text or not text.isprintable():
        return home
    parts = urlsplit(text)
    return home if parts.scheme or parts.netloc or is_fragment(parts.path) else text


def _let_in(user: User, way: str) -> None:
    """`user` as read before the password was checked: what ended sessions since then ends this one as well."""
    _end_session()  # the demo's doors let in who is signed in already, as another user
    visitors().forget(user.id)  # the user's rights are read again
    session.clear()  # nothing that was in the cookie before the sign-in lives on after it
    login_user(user)
    sessions.begin(sessions.stamp(user.sessions_from))
    signing_in.note_success(user, _client(), way)


def _end_session() -> None:
    """The session of the signed-in user, if there is one: in this process at once, in all others within seconds."""
    if not current_user.is_authenticated:
        return
    key = sessions.current()
    if key is not None:
        sessions.end(key)
        stream.end_session(key)
    visitors().forget(current_user.id)
    signing_in.note_sign_out(current_user.id, _client())


def _sign_in_page(
    form: SignInForm, status: int, problem: str | None = None, headers: dict[str, str] | None = None
) -> ResponseReturnValue:
    page = render_template("pages/sign_in.html", form=form, problem=problem, demo=_config().demo)
    return page, status, headers or {}


def _client() -> str:
    return request.remote_addr or ""


def _config() -> Config:
    return cast(Config, current_app.extensions["doorbell_config"])
