"""Signing in through the company's identity provider: the e-mail address, the way there, and the provider's answer."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from ..accounts import lookup_sso, sign_in
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..db import db
from ..language import gettext as _
from ..language import ngettext
from ..models import EMAIL_MAX_CHARS
from ..observability import logs
from ..observability.metrics import web as metrics
from ..postgres import tenancy
from ..services import services
from ..sso import claims
from ..sso.errors import NotConfigured, SsoError
from ..webhooks.urls import parse_url
from . import renaming, sign_in_steps, sso_offer
from .access import public
from .auth import local_path

bp = Blueprint("sso", __name__, url_prefix="/sign-in/single-sign-on")

# A longer address of the page after the sign-in is dropped: it is kept in the cookie, which has 4 KB.
MAX_BACK_CHARS = 500
# The value of the button that leads to the provider without an e-mail address.
DIRECT = "direct"

log = logs.get("sso")


@bp.get("")
@public("asks for the e-mail address of a person who signs in")
def ask() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")), 303)
    return _ask_page("")


@bp.post("")
@public("begins a sign-in at the company's provider")
def begin() -> ResponseReturnValue:
    """A page that leads on to the provider. A redirect would be stopped by form-action of the content security policy."""
    # Authlib is imported at its first use, because most web workers never need its memory.
    from ..sso import client, connections

    email, back = request.form.get("email", "").strip()[:EMAIL_MAX_CHARS], _back(request.form.get("next", ""))
    if wait := services().sso_limit.wait(sign_in_steps.client()):
        return _ask_page(email, _too_many(wait), 429, {"Retry-After": str(wait)})
    tenant_id = None
    try:
        tenant_id = _tenant_of(email, request.form.get("way") == DIRECT)
        tenancy.enter(tenant_id)
        connection = connections.load(tenant_id)
        if connection is None:
            raise NotConfigured(_("Single sign-on was turned off meanwhile. Sign in with your password."), "removed")
        answer_url = url_for("sso.answer", _external=True)
        url = client.begin(connection, services().config, services().providers, answer_url, email, back)
    except NotConfigured as error:
        return _ask_page(email, str(error), error.status)
    except SsoError as error:
        return _failed(error, tenant_id, back)
    return render_template("pages/sso_continue.html", url=url, place=parse_url(url).place)


@bp.get("/answer")
@public("the provider leads back here; checks its answer and signs the person in")
def answer() -> ResponseReturnValue:
    from ..sso import client, connections, people

    tenant_id, back = None, local_path(None)
    state = request.args.get("state", "")
    try:
        begun = client.find_begun(state)
        tenant_id, back = begun.tenant_id, local_path(begun.back)
        tenancy.enter(tenant_id)
        connection = connections.load(tenant_id)
        if connection is None or not services().sso_limit.is_first_use(state):
            raise client.unknown_state()
        found = client.finish(begun, request.args, connection, services().config, services().providers)
        user, is_renamed = people.admit(connection, found)
    except SsoError as error:
        return _failed(error, tenant_id, back)
    finally:
        client.forget_begun(state)
    sign_in_steps.complete(user, sign_in_steps.SSO, connection.issuer)
    if is_renamed:
        renaming.announce(user.tenant_id, user.id)
    response = make_response(redirect(back, 303))
    sso_offer.remember(response, user.tenant_id)
    return response


def _tenant_of(email: str, is_direct: bool) -> int:
    """The tenant whose provider knows this person. Raises NotConfigured."""
    if is_direct:
        offer = sso_offer.find_offer()
        if offer is not None and offer.tenant_id is not None:
            return offer.tenant_id
        raise NotConfigured(_("Enter your work e-mail address."), "no company")
    domain = claims.domain_of(email)
    if not domain:
        raise NotConfigured(
            _("“%(text)s” is not a valid e-mail address. Enter one like ana@example.com.", text=email)
            if email
            else _("Enter your work e-mail address."),
            "no address",
        )
    with Session(db.engine) as session:
        tenant_id = lookup_sso.tenant_of_domain(session, domain)
    if tenant_id is None:
        raise NotConfigured(
            _(
                "Single sign-on is not set up for addresses of %(domain)s. Check the address, or sign in with your password.",
                domain=domain,
            ),
            "unknown domain",
        )
    return tenant_id


def _back(text: str) -> str:
    return local_path(text if len(text) <= MAX_BACK_CHARS else None)


def _too_many(wait: int) -> str:
    minutes = -(-wait // 60)
    return ngettext(
        "Too many people began to sign in from your network. Try again in %(num)s minute.",
        "Too many people began to sign in from your network. Try again in %(num)s minutes.",
        minutes,
    )


def _ask_page(
    email: str, problem: str | None = None, status: int = 200, headers: dict[str, str] | None = None
) -> ResponseReturnValue:
    back = request.form.get("next") or request.args.get("next") or ""
    page = render_template("pages/sso_ask.html", email=email, problem=problem, back=back, max_chars=EMAIL_MAX_CHARS)
    return page, status, headers or {}


def _failed(error: SsoError, tenant_id: int | None, back: str) -> ResponseReturnValue:
    """The page with the reason, logged and in the audit log of the tenant."""
    metrics.SIGN_INS.labels("failure").inc()
    log.info("single sign-on failed", reason=error.reason, tenant=tenant_id, client=sign_in_steps.client())
    if tenant_id is not None:
        details = {"method": sign_in_steps.SSO, "reason": error.reason}
        record_alone(Kind.SIGN_IN_FAILED, tenant_id=tenant_id, subject=error.email, details=details)
    page = render_template("pages/sso_failed.html", text=str(error), back=back)
    return page, error.status, {"Retry-After": "10"} if error.status == 503 else {}


@bp.app_errorhandler(sign_in_steps.SsoRequired)
def sso_required(error: sign_in_steps.SsoRequired) -> ResponseReturnValue:
    """The user has shown the right password, so the page may name what the company has decided."""
    text = _("Your company signs in to Doorbell with single sign-on. Passwords are turned off.")
    if request.is_json:  # of the script that sends a passkey
        return {"problem": text}, 403
    page = render_template(
        "pages/sso_failed.html", text=text, back=local_path(request.args.get("next")), is_required=True
    )
    return page, 403


@bp.app_errorhandler(sign_in_steps.CompanyClosed)
def company_closed(_error: sign_in_steps.CompanyClosed) -> ResponseReturnValue:
    """The user has shown who they are, so the page may name what the company has decided."""
    text = str(sign_in.CLOSED)
    if request.is_json:  # of the script that sends a passkey
        return {"problem": text}, 403
    back = local_path(request.args.get("next"))
    return render_template("pages/sso_failed.html", text=text, back=back, is_closed=True), 403
