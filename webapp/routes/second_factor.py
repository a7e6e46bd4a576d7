"""The user's own second factor: the authenticator app, its set-up, and recovery codes. Passkeys: passkeys.py."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..audit.kinds import Kind
from ..display import qr_codes
from ..language import gettext as _
from ..language import ngettext
from ..second_factor import changes, one_time_codes, recovery_codes, standing
from ..second_factor.account import Account
from ..second_factor.authenticator import CodeInvalid
from ..second_factor.secret_box import SecretLocked
from ..second_factor.standing import FactorRequired, Factors
from ..services import services
from ..signals import notices
from .passkey_host import party
from .recent_check import needs_recent_check
from .second_factor_mails import send_changed
from .second_factor_rule import lacks_second_factor, open_for_set_up

bp = Blueprint("second_factor", __name__, url_prefix="/settings/security/two-step")


@bp.get("")
@open_for_set_up
def index() -> str:
    """The section "Two-step sign-in" as a page. The only one that opens while the company requires a factor that is missing."""
    return render_template("pages/two_step.html", tenant=current_tenant(), is_gate=lacks_second_factor())


@bp.post("/app")
@open_for_set_up
@needs_recent_check
def begin_app() -> ResponseReturnValue:
    """Make a secret, which the next page shows."""
    changes.begin_app(services().second_factors.apps, Account.of(current_user))
    return redirect(url_for("second_factor.app"), 303)


@bp.get("/app")
@open_for_set_up
@needs_recent_check
def app() -> ResponseReturnValue:
    return _app_page()


@bp.post("/app/code")
@open_for_set_up
@needs_recent_check
def confirm_app() -> ResponseReturnValue:
    """Turn on the app by its first code. Shows the recovery codes, once, if it is the user's first factor."""
    factors = services().second_factors
    code = one_time_codes.code_of(request.form.get("code", ""))
    if code is None:
        return _app_page(_("Enter the six digits that your app shows."))
    try:
        codes = changes.turn_on_app(factors.apps, Account.of(current_user), code, factors.clock())
    except CodeInvalid as wrong:
        return _app_page(_wrong_code(wrong.clock_seconds))
    except SecretLocked:
        return _start_again()
    announce_factors(Kind.SECOND_FACTOR_ON)
    if codes is None:
        flash(_("The authenticator app is on."), "success")
        return redirect(url_for("second_factor.index"), 303)
    return _codes_page(codes, is_first=True)


@bp.post("/app/removal")
@needs_recent_check
def remove_app() -> ResponseReturnValue:
    try:
        if changes.remove_app(Account.of(current_user)):
            announce_factors(Kind.SECOND_FACTOR_OFF)
            flash(_("The authenticator app is off."), "success")
    except FactorRequired:
        flash(last_factor_text(), "error")
    return redirect(url_for("second_factor.index"), 303)


@bp.post("/recovery-codes")
@needs_recent_check
def renew_codes() -> ResponseReturnValue:
    """New recovery codes in place of the former ones, shown once."""
    codes = changes.renew_codes(Account.of(current_user))
    if not codes:
        flash(_("Set up an authenticator app or a passkey first."), "error")
        return redirect(url_for("second_factor.index"), 303)
    send_changed(current_user, Kind.SECOND_FACTOR_CODES_RENEWED)
    return _codes_page(codes)


@bp.app_context_processor
def _section() -> dict[str, Any]:
    """For components/second_factor.html, which other pages include too."""
    return {"second_factor_section": section}


def section() -> dict[str, Any]:
    """The values of components/second_factor.html."""
    factors = standing.read(Account.of(current_user))
    return {
        "factors": factors,
        "codes_text": _codes_text(factors),
        "passkeys_work": party() is not None,
        "is_required": current_tenant().requires_second_factor,
    }


def announce_factors(kind: Kind) -> None:
    """Mail the change, and let all processes read the user again: the factors count for the rule of the company."""
    send_changed(current_user, kind)
    services().users.forget(current_user.id)
    notices.user_changed(services().redis, current_user.tenant_id, current_user.id, reloads=False)


def last_factor_text() -> str:
    return _("Your company requires two-step sign-in, and this is your only second step. Add another one first.")


def _codes_text(factors: Factors) -> str:
    left = factors.codes_left
    return ngettext("%(num)s of %(count)s unused", "%(num)s of %(count)s unused", left, count=recovery_codes.COUNT)


def _app_page(problem: str = "") -> ResponseReturnValue:
    try:
        secret = changes.pending_secret(services().second_factors.apps, Account.of(current_user))
    except SecretLocked:
        return _start_again()
    if secret is None:
        return redirect(url_for("second_factor.index"), 303)
    address = one_time_codes.address(secret, current_user.email, current_tenant().name)
    page = render_template(
        "pages/authenticator_app.html",
        tenant=current_tenant(),
        qr_code=qr_codes.svg(address),
        secret=secret,
        grouped_secret=one_time_codes.grouped(secret),
        problem=problem,
        is_gate=lacks_second_factor(),
    )
    return page, 422 if problem else 200


def _start_again() -> ResponseReturnValue:
    """The secret that was being set up cannot be decrypted any more, so it is dropped."""
    changes.remove_app(Account.of(current_user))
    flash(_("The set-up could not be finished. Begin again."), "error")
    return redirect(url_for("second_factor.index"), 303)


def _wrong_code(clock_seconds: int | None) -> str:
    if clock_seconds is None:
        return _("This code is not right. Enter the code that your app shows now; each lasts 30 seconds.")
    minutes = max(1, round(abs(clock_seconds) / 60))
    return ngettext(
        "The clock of your phone and that of this server differ by about %(num)s minute. "
        "Set your phone's time automatically, then enter a new code.",
        "The clock of your phone and that of this server differ by about %(num)s minutes. "
        "Set your phone's time automatically, then enter a new code.",
        minutes,
    )


def _codes_page(codes: list[str], is_first: bool = False) -> str:
    return render_template("pages/recovery_codes.html", tenant=current_tenant(), codes=codes, is_first=is_first)
