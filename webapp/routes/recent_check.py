"""Asks for the password again before the settings of the sign-in change, unless the user signed in some minutes ago."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import own_password, recent_check
from ..accounts.current import current_tenant
from ..accounts.sign_in import SignInFailed, SignInRefused
from ..language import gettext as _
from ..services import services
from . import sign_in_steps
from .auth import local_path
from .second_factor_rule import open_for_set_up

bp = Blueprint("recent_check", __name__, url_prefix="/settings/security/password-check")

View = TypeVar("View", bound=Callable[..., Any])


def needs_recent_check(view: View, seconds: int = recent_check.SECONDS) -> View:
    """Ask for the password first, unless the user was checked some minutes ago. A form has to be sent once more then."""

    @wraps(view)
    def checked(*args: Any, **values: Any) -> ResponseReturnValue:
        if recent_check.is_recent(seconds):
            return cast(ResponseReturnValue, view(*args, **values))
        page = url_for("recent_check.show", next=_page_of_form(), again=1 if request.method == "POST" else None)
        if request.is_json:
            return {"problem": _("Enter your password first."), "next": page}, 403
        return redirect(page, 303)

    return cast(View, checked)


def _page_of_form() -> str:
    """The page with the form that was sent: the same address, if it has a page, or the first page of its section."""
    adapter = current_app.create_url_adapter(request)
    if adapter is not None and adapter.test(request.path, method="GET"):
        return request.path
    own = f"{request.blueprint}.index"
    return url_for(own if own in current_app.view_functions else "second_factor.index")


@bp.get("")
@open_for_set_up
def show() -> ResponseReturnValue:
    return _page()


@bp.post("")
@open_for_set_up
def check() -> ResponseReturnValue:
    """The same limits and log lines as at a sign-in."""
    password = request.form.get("password", "")
    if not password:
        return _page(_("Enter your password.")), 422
    try:
        user = services().sign_ins.sign_in(current_user.email, password, sign_in_steps.client())
    except SignInRefused as refused:
        return _page(refused.text), refused.status, {"Retry-After": str(refused.wait)}
    except SignInFailed:
        return _page(_("This is not your password. Try again.")), 422
    if user.id == current_user.id:
        recent_check.mark()
        if request.args.get("again"):
            flash(_("Nothing was changed yet. Now do it once more."), "info")
    return redirect(local_path(request.args.get("next")), 303)


def needs_check_before_form(view: View) -> View:
    """The same for the answer of a long form, to whose page the password check led."""
    return needs_recent_check(view, recent_check.FORM_SECONDS)


def _page(problem: str = "") -> str:
    has_password = own_password.has_password(current_user)
    return render_template(
        "pages/password_check.html", tenant=current_tenant(), problem=problem, has_password=has_password
    )
