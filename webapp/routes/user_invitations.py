"""Invitations of the page of users, for admins: made, sent again with a new link, and revoked."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..accounts.role_names import ROLE_DESCRIPTIONS
from ..invitations import notice, store
from ..invitations.letter import letter
from ..invitations.store import InvitationRefused, Made, NewInvitation
from ..language import gettext as _
from ..language import ngettext
from ..mail.delivery import MailNotSent
from ..models import ROLES
from ..queries import tenant_users
from ..services import services
from . import invite_form, users_parts
from .board import live_since
from .invite_form import UserForm
from .links import mailed_url
from .users import bp


@bp.get("/new")
def new() -> str:
    """The form; with `user`, for a user of the company who has no password yet."""
    found = tenant_users.find(current_tenant().id, request.args.get("user", 0, type=int))
    if found is None:
        return _form_page(invite_form.empty())
    user = found.user
    return _form_page(UserForm({"email": user.email, "name": user.name, "role": user.role}))


@bp.post("")
def invite() -> ResponseReturnValue:
    """Make an invitation. Its link is mailed, or shown once where mail is not set up."""
    form, tenant_id = invite_form.parse_invite(request.form), current_tenant().id
    if form.errors:
        return _form_page(form), 422
    # Counted before the address is looked up, because the answer shows whether it has an account.
    if wait := services().invitation_limits.wait_to_invite(tenant_id):
        return _form_page(form, _too_many(wait)), 429, {"Retry-After": str(wait)}
    values = form.texts
    new = NewInvitation(values["email"], values["role"], values["name"] or None, current_user.id)
    try:
        made = store.create(tenant_id, new, services().config.invitation_days)
    except InvitationRefused as refused:
        form.errors["email"] = str(refused)
        return _form_page(form), 422
    return _deliver(made)


@bp.post("/invitations/<int:invitation_id>/link")
def renew(invitation_id: int) -> ResponseReturnValue:
    """Send the invitation again with a new link. The old one does not work any more."""
    tenant_id = current_tenant().id
    if wait := services().invitation_limits.wait_to_invite(tenant_id):
        abort(429, _too_many(wait))
    try:
        made = store.renew(tenant_id, invitation_id, services().config.invitation_days, current_user.id)
    except InvitationRefused as refused:
        abort(409, str(refused))
    if made is None:
        abort(404, _gone())
    return _deliver(made)


@bp.post("/invitations/<int:invitation_id>/revocation")
def revoke(invitation_id: int) -> ResponseReturnValue:
    revoked = store.revoke(current_tenant().id, invitation_id)
    if revoked is None:
        abort(404, _gone())
    notice.announce(services().redis, current_tenant().id)
    flash(_("Revoked the invitation of %(email)s. Its link does not work any more.", email=revoked.email), "success")
    return redirect(url_for("users.index"), 303)


def _deliver(made: Made) -> ResponseReturnValue:
    tenant, invitation = current_tenant(), made.invitation
    url, problem = mailed_url("invitation.show", token=made.token), ""
    if services().mail.is_set_up():
        mail = letter(invitation, tenant, current_user.name, url)
        try:
            services().mail.send_now(mail.to, mail.subject, mail.text)
        except MailNotSent as error:
            problem = _("The mail was not sent: %(reason)s", reason=str(error))
        else:
            store.mailed(tenant.id, invitation.id)
            notice.announce(services().redis, tenant.id)
            flash(_("Sent an invitation to %(email)s.", email=invitation.email), "success")
            return redirect(url_for("users.index"), 303)
    notice.announce(services().redis, tenant.id)
    live_since()
    return render_template(
        "pages/users.html",
        tenant=tenant,
        part=users_parts.list_part(),
        invitation=invitation,
        address=url,
        problem=problem,
        **users_parts.search(),
    )


def _form_page(form: UserForm, problem: str = "") -> str:
    return render_template(
        "pages/user_new.html",
        tenant=current_tenant(),
        form=form,
        problem=problem,
        roles=ROLES,
        descriptions=ROLE_DESCRIPTIONS,
        max_chars=invite_form.NAME_MAX_CHARS,
        days=services().config.invitation_days,
        sends_mail=services().mail.is_set_up(),
    )


def _too_many(wait: int) -> str:
    return ngettext(
        "Your company made too many invitations within an hour. Try again in %(num)s minute.",
        "Your company made too many invitations within an hour. Try again in %(num)s minutes.",
        -(-wait // 60),
    )


def _gone() -> str:
    return _(
        "This invitation was accepted or revoked, or never existed. Go back to Settings → Users for the present list."
    )
