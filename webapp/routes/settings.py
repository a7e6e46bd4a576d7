"""The settings of the signed-in user: name, language, theme, keyboard shortcuts. /settings leads to them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_login import current_user

from ..accounts import profile as profiles
from ..accounts.current import current_tenant
from ..language import gettext as _
from ..language import locales
from ..models import THEMES
from ..services import services
from ..signals import notices
from . import profile_form
from .board import live_since
from .profile_form import ProfileForm

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.get("")
def index() -> ResponseReturnValue:
    return redirect(url_for("settings.profile"), 303)


@bp.get("/profile")
def profile() -> str:
    return _page(profile_form.of(current_user))


@bp.post("/profile")
def save_profile() -> ResponseReturnValue:
    """Save the form, or show the page again with its errors."""
    form = profile_form.parse(request.form)
    if form.errors:
        return _page(form), 422
    changed = profiles.change(current_user.id, form.values)
    if changed:
        _announce(changed)
    with force_locale(_locale_with(form.values["language"])):
        flash(_("Profile saved."), "success")
    return redirect(url_for("settings.profile"), 303)


@bp.post("/theme")
def save_theme() -> ResponseReturnValue:
    """For the button in the header. Other pages of the user keep their theme until they are loaded again."""
    theme = request.form.get("theme", "")
    if theme not in THEMES:
        problem = _(
            "The theme “%(value)s” is not valid. Use one of: %(themes)s.", value=theme[:40], themes=", ".join(THEMES)
        )
        return problem, 422, {"Content-Type": "text/plain; charset=utf-8"}
    if profiles.change(current_user.id, {"theme": theme}):
        services().users.forget(current_user.id)
        notices.user_changed(services().redis, current_user.tenant_id, current_user.id, reloads=False)
    return "", 204


def _locale_with(language: str | None) -> str:
    """The locale of the next page, whose language may be new."""
    accepted = request.headers.get("Accept-Language", "")
    return locales.page_locale(locales.chosen("", language, accepted), current_tenant().locale)


def _announce(changed: frozenset[str]) -> None:
    """The user's other pages load again. A name stands in the panels of the whole team, so these are refetched."""
    tenant_id = current_user.tenant_id
    if "name" in changed:
        services().users.forget_tenant(tenant_id)
        notices.tenant_changed(services().redis, tenant_id)
    services().users.forget(current_user.id)
    notices.user_changed(services().redis, tenant_id, current_user.id)


def _page(form: ProfileForm) -> str:
    live_since()
    choices = {"languages": locales.NAMES, "max_chars": profile_form.MAX_CHARS}
    return render_template("pages/profile.html", tenant=current_tenant(), form=form, **choices)
