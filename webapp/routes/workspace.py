"""The settings of the company, for managers: name, time zone, formats, what salespeople see."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError

from ..accounts import workspace as edits
from ..accounts.current import current_locale, current_tenant
from ..accounts.permissions import Permission
from ..db import db
from ..display import clock, zones
from ..language import gettext as _
from ..services import services
from ..signals import notices
from . import workspace_form, workspace_parts
from .access import guard
from .board import live_since
from .workspace_form import ON, WorkspaceForm

bp = Blueprint("workspace", __name__, url_prefix="/settings/workspace")
guard(bp, Permission.MANAGE_WORKSPACE)

# Open pages load again when one of these changes: they stand outside of the parts that are refetched.
RELOADING = {"name", "timezone", "locale"}


@bp.get("")
def index() -> str:
    return _page(workspace_form.of(current_tenant()))


@bp.post("")
def save() -> ResponseReturnValue:
    """Save what this manager changed, or show the page again with its errors and with what another manager has saved."""
    form = workspace_form.parse(request.form)
    if form.errors:
        return _page(form), 422
    tenant_id = current_tenant().id
    db.session.close()  # the edit takes a connection of its own
    try:
        outcome = edits.save(tenant_id, form.edit)
    except DataError:
        # PostgreSQL has its own list of zones, which may be older than that of Python.
        form.errors["timezone"] = _(
            "The database does not know the time zone “%(value)s”. Choose another one.", value=form.texts["timezone"]
        )
        return _page(form), 422
    others = workspace_form.text_values(outcome.others)
    if outcome.conflicts:
        return _page(_conflict(form, outcome, others), is_conflict=True), 409
    if outcome.saved:
        services().users.forget_tenant(tenant_id)
        notices.tenant_changed(services().redis, tenant_id, reloads=bool(RELOADING & set(outcome.saved)))
    flash(_("Workspace saved."), "success")
    for name, text in others.items():
        flash(note(name, text), "info")
    return redirect(url_for("workspace.index"), 303)


@bp.post("/rebuild")
def rebuild() -> ResponseReturnValue:
    """Begin a failed rebuild of the history again."""
    workspace_parts.request_again(current_tenant().id)
    flash(_("History is rebuilt again."), "success")
    return redirect(url_for("workspace.index"), 303)


def note(name: str, text: str) -> str:
    """The sentence about a value that another manager has saved meanwhile."""
    if name == "name":
        return _("Another manager has changed the name to “%(value)s” meanwhile.", value=text)
    if name == "timezone":
        return _("Another manager has changed the time zone to %(value)s meanwhile.", value=text)
    if name == "locale":
        value = zones.locale_name(text, current_locale())
        return _("Another manager has changed the format to %(value)s meanwhile.", value=value)
    if text == ON:
        return _("Another manager has let salespeople see the whole team meanwhile.")
    return _("Another manager has let salespeople see only their own figures meanwhile.")


def _conflict(form: WorkspaceForm, outcome: edits.EditOutcome, others: dict[str, str]) -> WorkspaceForm:
    """The form with this manager's changes on top of what is saved now. Sent once more, it replaces the other's values."""
    mine = {name: text for name, text in form.texts.items() if text != form.shown[name]}
    shown = form.shown | others
    return WorkspaceForm(shown, shown | mine, notes={name: note(name, text) for name, text in others.items()})


def _page(form: WorkspaceForm, is_conflict: bool = False) -> str:
    live_since()
    tenant, locale, now = current_tenant(), current_locale(), clock.now()
    return render_template(
        "pages/workspace.html",
        tenant=tenant,
        form=form,
        is_conflict=is_conflict,
        zones=zones.zone_choices(now, locale, tenant.timezone),
        locales=_locales(locale, tenant.locale),
        sample=zones.locale_sample(form.texts["locale"], tenant.currency, now, tenant.timezone),
        rebuild=workspace_parts.part(),
        max_chars=workspace_form.MAX_CHARS,
        **workspace_parts.zone_values(),
    )


def _locales(locale: str, present: str) -> list[tuple[str, str]]:
    found = dict(zones.locale_choices(locale))
    return list(({present: zones.locale_name(present, locale)} | found).items())
