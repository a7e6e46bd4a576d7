"""The second step of a sign-in, after the password: a one-time code, a recovery code or a passkey. And a passkey alone."""

from __future__ import annotations

import time

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..language import gettext as _
from ..language import ngettext
from ..models import User
from ..postgres import tenancy
from ..second_factor import ceremonies, checks, half_sign_in, recovery_codes, standing
from ..second_factor.authenticator import CodeInvalid
from ..second_factor.ceremonies import PasskeyInvalid
from ..second_factor.challenges import Challenge
from ..second_factor.half_sign_in import HalfSignIn
from ..second_factor.limit import CodesRefused
from ..second_factor.secret_box import SecretLocked
from ..services import services
from . import sign_in_steps
from .access import public
from .auth import local_path
from .passkey_host import CHALLENGE, party

bp = Blueprint("second_step", __name__, url_prefix="/sign-in")

# Of a challenge: with a passkey alone, and after the password.
ALONE, SECOND = "sign in", "second step"


@bp.get("/second-factor")
@public("the second step of a sign-in")
def show() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")), 303)
    found = _half()
    return _page(found[0]) if found else _again()


@bp.post("/second-factor")
@public("the second step of a sign-in")
def check() -> ResponseReturnValue:
    """Sign in with a one-time code, or with `recovery_code`."""
    found = _half()
    if found is None:
        return _again()
    half, user = found
    recovery_code = request.form.get("recovery_code", "")
    try:
        if recovery_code:
            left = services().second_factors.check_recovery_code(half.account, recovery_code, sign_in_steps.client())
            sign_in_steps.complete(user, "password and recovery code")
            _flash_left(left)
        else:
            services().second_factors.check_code(half.account, request.form.get("code", ""), sign_in_steps.client())
            sign_in_steps.complete(user, "password and code")
    except CodesRefused as refused:
        status = 503 if refused.is_busy else 429
        return _page(half, code_problem=_refusal(refused)), status, {"Retry-After": str(refused.wait)}
    except CodeInvalid:
        return _page(half, **_problem(bool(recovery_code))), 422
    except SecretLocked:
        problem = _(
            "This server cannot check codes of your app any more. Use a recovery code, or ask an admin for help."
        )
        return _page(half, code_problem=problem), 422
    return redirect(local_path(request.args.get("next")), 303)


@bp.post("/other-user")
@public("a half sign-in ends before its second step")
def leave() -> ResponseReturnValue:
    session.pop(half_sign_in.KEY, None)
    return redirect(url_for("auth.sign_in"), 303)


@bp.post("/passkey/options")
@public("a passkey signs in, alone or after the password")
def passkey_options() -> ResponseReturnValue:
    """JSON for the browser, which asks the user for a passkey; after the password only for the user's own ones."""
    host = party()
    if host is None:
        return {"problem": _("Passkeys do not work at this address of Doorbell.")}, 422
    half = _read_half()
    challenge = Challenge.new(SECOND if half else ALONE)
    session[CHALLENGE] = challenge.to_session(time.time())
    allowed = standing.read(half.account).passkeys if half else ()
    return Response(ceremonies.request_options(host, challenge, allowed), content_type="application/json")


@bp.post("/passkey")
@public("a passkey signs in, alone or after the password")
def passkey() -> ResponseReturnValue:
    """Sign in with the answer of a passkey. Answers JSON: the address of the next page as `next`, or the `problem`."""
    half = _read_half()
    challenge = Challenge.from_session(session.pop(CHALLENGE, None), SECOND if half else ALONE, time.time())
    answer, host = request.get_json(silent=True), party()
    if challenge is None or host is None or not isinstance(answer, dict):
        return {"problem": _("That took too long. Try again.")}, 422
    factors, mine = services().second_factors, half.account if half else None
    try:
        owner = factors.check_passkey(mine, answer, host, challenge, sign_in_steps.client())
    except CodesRefused as refused:
        return {"problem": _refusal(refused)}, 429, {"Retry-After": str(refused.wait)}
    except PasskeyInvalid:
        return {"problem": _("This passkey is not known here. Use another one, or sign in with your password.")}, 422
    user = checks.enabled_user(owner)
    if user is None or (half and not half.is_of(user)):
        return {"problem": _("Your account is disabled. Ask your Doorbell administrator to enable it.")}, 422
    sign_in_steps.complete(user, "password and passkey" if half else "passkey")
    return {"next": local_path(request.args.get("next"))}


def _read_half() -> HalfSignIn | None:
    """The half sign-in of the request, whose tenant is entered."""
    half = half_sign_in.read(session, time.time())
    if half is not None:
        tenancy.enter(half.account.tenant_id)
    return half


def _half() -> tuple[HalfSignIn, User] | None:
    """The half sign-in of the request and its user, if the user may still finish it."""
    half = _read_half()
    user = checks.enabled_user(half.account) if half else None
    return (half, user) if half and user and half.is_of(user) else None


def _again() -> ResponseReturnValue:
    session.pop(half_sign_in.KEY, None)
    flash(_("Your sign-in was not finished within 5 minutes, or your account has changed. Sign in again."), "info")
    return redirect(url_for("auth.sign_in", next=request.args.get("next")), 303)


def _page(half: HalfSignIn, **problems: str) -> str:
    factors = standing.read(half.account)
    return render_template("pages/second_step.html", factors=factors, passkeys_work=party() is not None, **problems)


def _problem(is_recovery_code: bool) -> dict[str, str]:
    if is_recovery_code:
        return {
            "recovery_problem": _(
                "This recovery code is wrong or was used before. Check the characters, or use another one."
            )
        }
    return {
        "code_problem": _("This code is wrong or was used before. Wait for the next code in your app and enter it.")
    }


def _refusal(refused: CodesRefused) -> str:
    if refused.is_busy:
        return _("Too many people are signing in right now. Try again in %(count)s seconds.", count=refused.wait)
    minutes = -(-refused.wait // 60)
    return ngettext(
        "Too many wrong codes. Try again in %(num)s minute, or use a passkey or a recovery code.",
        "Too many wrong codes. Try again in %(num)s minutes, or use a passkey or a recovery code.",
        minutes,
    )


def _flash_left(left: int) -> None:
    text = ngettext(
        "You signed in with a recovery code. %(num)s is left. Make new ones under Settings → Security.",
        "You signed in with a recovery code. %(num)s are left. Make new ones under Settings → Security.",
        left,
    )
    flash(text, "warning" if left <= recovery_codes.FEW else "info")
