"""The user's passkeys, added by a script of the page and removed by a form."""

from __future__ import annotations

import time

from flask import Blueprint, Response, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..audit.kinds import Kind
from ..language import gettext as _
from ..models import PASSKEY_NAME_MAX_CHARS
from ..second_factor import ceremonies, changes, standing
from ..second_factor.account import Account
from ..second_factor.ceremonies import PasskeyInvalid
from ..second_factor.challenges import Challenge
from ..second_factor.passkeys import MAX_PER_USER, TooManyPasskeys
from ..second_factor.standing import FactorRequired
from .passkey_host import CHALLENGE, party
from .recent_check import needs_recent_check
from .second_factor import announce_factors, last_factor_text
from .second_factor_rule import open_for_set_up

bp = Blueprint("passkeys", __name__, url_prefix="/settings/security/passkeys")

_PURPOSE = "new passkey"


@bp.post("/options")
@open_for_set_up
@needs_recent_check
def options() -> ResponseReturnValue:
    """JSON for the browser, which asks the user to make a passkey."""
    host = party()
    if host is None:
        return {"problem": _("Passkeys do not work at this address of Doorbell.")}, 422
    challenge = Challenge.new(_PURPOSE)
    session[CHALLENGE] = challenge.to_session(time.time())
    known = standing.read(Account.of(current_user)).passkeys
    made = ceremonies.creation_options(current_user, host, challenge, known)
    return Response(made, content_type="application/json")


@bp.post("")
@open_for_set_up
@needs_recent_check
def add() -> ResponseReturnValue:
    """Store the passkey that the browser has made. Answers JSON: whether recovery codes come next, or the `problem`."""
    challenge = Challenge.from_session(session.pop(CHALLENGE, None), _PURPOSE, time.time())
    body, host = request.get_json(silent=True), party()
    sent = body if isinstance(body, dict) else {}
    answer = sent.get("answer")
    if challenge is None or host is None or not isinstance(answer, dict):
        return {"problem": _("That took too long. Try again.")}, 422
    name = " ".join(str(sent.get("name") or "").replace("\0", "").split()) or _("Passkey")
    if len(name) > PASSKEY_NAME_MAX_CHARS:
        problem = _(
            "The name has %(num)s characters; at most %(max)s are allowed. Shorten it.",
            num=len(name),
            max=PASSKEY_NAME_MAX_CHARS,
        )
        return {"problem": problem}, 422
    try:
        is_first = changes.add_passkey(Account.of(current_user), name, answer, host, challenge)
    except TooManyPasskeys:
        return {"problem": _("You have %(num)s passkeys. Remove one first.", num=MAX_PER_USER)}, 422
    except PasskeyInvalid:
        return {"problem": _("Your browser made no passkey that Doorbell can check. Try again.")}, 422
    announce_factors(Kind.PASSKEY_ADDED)
    flash(_("Passkey “%(name)s” added.", name=name), "success")
    return {"codes": is_first, "next": url_for("second_factor.index")}


@bp.post("/<int:passkey_id>/removal")
@needs_recent_check
def remove(passkey_id: int) -> ResponseReturnValue:
    """Removing a passkey that is gone already changes nothing."""
    try:
        name = changes.remove_passkey(Account.of(current_user), passkey_id)
        if name is not None:
            announce_factors(Kind.PASSKEY_REMOVED)
            flash(
                _("Passkey “%(name)s” removed. You can delete it in your password manager too.", name=name), "success"
            )
    except FactorRequired:
        flash(last_factor_text(), "error")
    return redirect(url_for("second_factor.index"), 303)
