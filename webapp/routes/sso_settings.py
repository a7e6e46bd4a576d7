"""The settings of single sign-on, for admins, with a test that needs no person.

The provider decides who is who in the company, so an unlocked browser of an admin is not enough to change it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ..accounts import recent_check
from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..accounts.role_names import role_name
from ..db import db
from ..language import gettext as _
from ..models import BUTTON_MAX_CHARS, ROLES, TEXT_MAX_CHARS, SsoConnection
from ..services import services
from ..sso import connections, testing
from ..sso.errors import ConnectionInvalid
from ..sso.testing import ConnectionFinding
from . import sso_form
from .access import guard
from .recent_check import needs_check_before_form
from .sso_form import SsoForm

bp = Blueprint("sso_settings", __name__, url_prefix="/settings/sign-in/single-sign-on")
guard(bp, Permission.MANAGE_SIGN_IN)


@bp.get("")
def index() -> str:
    return _page(_saved())


@bp.post("")
@needs_check_before_form
def save() -> ResponseReturnValue:
    """Save, unless another admin has saved since this form was shown."""
    form = sso_form.parse(request.form, services().config.webhook_allow)
    if form.errors:
        return _page(form), 422
    tenant_id = current_tenant().id
    db.session.close()
    with Session(db.engine) as session:
        row = session.get(SsoConnection, tenant_id, with_for_update=True)
        present = sso_form.version_of(row.changed_at if row else None)
        if present != form.version:
            form.version = present
            return _page(form, is_conflict=True), 409
        try:
            connections.save(session, tenant_id, form.settings, form.secret, services().config)
        except ConnectionInvalid as error:
            form.errors[error.field] = str(error)
            session.rollback()
            return _page(form), 422
        session.commit()
    services().providers.forget(form.settings.issuer)
    flash(_("Single sign-on saved. Test it before you tell your team."), "success")
    return redirect(url_for("sso_settings.index"), 303)


@bp.post("/test")
def test() -> ResponseReturnValue:
    """The page with what the provider answers to the saved settings."""
    connection = connections.load(current_tenant().id)
    if connection is None:
        flash(_("Save the settings first, then test them."), "info")
        return redirect(url_for("sso_settings.index"), 303)
    # The provider may take seconds.
    db.session.close()
    found = testing.check(connection, services().config, _answer_url())
    return _page(_saved(), findings=found)


@bp.post("/removal")
@needs_check_before_form
def remove() -> ResponseReturnValue:
    with Session(db.engine) as session:
        if connections.remove(session, current_tenant().id):
            session.commit()
            flash(_("Single sign-on is off. Everyone signs in with a password."), "success")
    return redirect(url_for("sso_settings.index"), 303)


@bp.app_context_processor
def add_summary() -> dict[str, Callable[[], Any]]:
    """For components/single_sign_on.html, which the page of all sign-in settings includes."""
    return {"sso_connection": lambda: connections.load(current_tenant().id), "sso_edit_url": _edit_url}


def _edit_url() -> str:
    """The page of the form, after the password where its answer needs it: so nothing that was typed is lost."""
    page = url_for("sso_settings.index")
    return page if recent_check.is_recent() else url_for("recent_check.show", next=page)


def _saved() -> SsoForm:
    with Session(db.engine) as session:
        row = session.get(SsoConnection, current_tenant().id)
        found = connections.read(session, current_tenant().id)
        return sso_form.of(found.settings if found else None, sso_form.version_of(row.changed_at if row else None))


def _page(form: SsoForm, findings: Sequence[ConnectionFinding] = (), is_conflict: bool = False) -> str:
    tenant = current_tenant()
    with Session(db.engine) as session:
        domains = connections.domains(session, tenant.id)
        is_saved = session.get(SsoConnection, tenant.id) is not None
    return render_template(
        "pages/single_sign_on.html",
        tenant=tenant,
        form=form,
        findings=findings,
        is_conflict=is_conflict,
        is_saved=is_saved,
        domains=domains,
        answer_url=_answer_url(),
        roles=[(role, role_name(role)) for role in ROLES],
        limits={"text": TEXT_MAX_CHARS, "button": BUTTON_MAX_CHARS, "claim": sso_form.MAX_CHARS},
    )


def _answer_url() -> str:
    return url_for("sso.answer", _external=True)
