"""The page of TV screens, for managers: links with their options, made, changed, renewed and revoked."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import sessions
from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..display import clock
from ..display.filters import duration_text
from ..language import gettext as _
from ..language import locales
from ..models import TV_NAME_MAX_CHARS, TV_SECONDS, TV_THEMES, TvLink
from ..services import services
from ..tv import links, notice, options
from ..tv.links import FoundTv
from ..tv.options import TvForm
from ..tv.screens import DESCRIPTIONS, SCREENS, TITLES
from . import tv_views
from .access import guard

bp = Blueprint("tv_settings", __name__, url_prefix="/settings/tv")
guard(bp, Permission.MANAGE_TV)


@bp.get("")
def index() -> str:
    return _list()


@bp.get("/new")
def new() -> str:
    return _form_page(TvForm(options.DEFAULTS))


@bp.post("")
def create() -> ResponseReturnValue:
    """The list with the address of the new TV, which no other page and no cookie ever has."""
    form, tenant = options.parse(request.form), current_tenant()
    if len(links.active(tenant.id)) >= links.MAX_LINKS:
        form.errors["name"] = _("You have %(most)s TVs, which is the limit. Revoke one first.", most=links.MAX_LINKS)
    if form.errors:
        return _form_page(form), 422
    link_id, token = links.create(tenant.id, current_user.id, form.values)
    return _list(link_id, token)


@bp.get("/<int:link_id>")
def edit(link_id: int) -> str:
    return _form_page(options.of(_own(link_id).link), link_id)


@bp.post("/<int:link_id>")
def save(link_id: int) -> ResponseReturnValue:
    form, tenant = options.parse(request.form), current_tenant()
    if form.errors:
        _own(link_id)
        return _form_page(form, link_id), 422
    if not links.change(tenant.id, link_id, form.values):
        abort(404, _gone())
    notice.announce(services().redis, tenant.id)
    flash(_("Saved %(name)s. The TV changes at once.", name=form.values["name"]), "success")
    return redirect(url_for("tv_settings.index"), 303)


@bp.post("/<int:link_id>/token")
def renew(link_id: int) -> ResponseReturnValue:
    """The list with the new address. The old one shows nothing from now on."""
    token = links.renew(current_tenant().id, link_id)
    if token is None:
        abort(404, _gone())
    notice.announce(services().redis, current_tenant().id)
    return _list(link_id, token)


@bp.post("/<int:link_id>/revocation")
def revoke(link_id: int) -> ResponseReturnValue:
    name = links.revoke(current_tenant().id, link_id)
    if name is not None:
        notice.announce_revoked(services().redis, current_tenant().id)
        flash(_("Revoked %(name)s. The TV shows no figures any more.", name=name), "success")
    return redirect(url_for("tv_settings.index"), 303)


@bp.get("/<int:link_id>/preview")
def preview(link_id: int) -> Response:
    """The TV's page as the TV shows it."""
    found = _shown(link_id)
    return tv_views.page(found, url_for("tv_settings.preview", link_id=link_id))


@bp.get("/<int:link_id>/preview/screens/<screen_name>")
def preview_screen(link_id: int, screen_name: str) -> Response:
    return tv_views.screen(_shown(link_id), screen_name)


@bp.get("/<int:link_id>/preview/paid")
def preview_paid(link_id: int) -> Response:
    return tv_views.paid(_shown(link_id))


@bp.get("/<int:link_id>/preview/stream")
def preview_stream(link_id: int) -> Response:
    return tv_views.stream(_shown(link_id), sessions.current())


def _own(link_id: int) -> FoundTv:
    found = links.find_own(current_tenant().id, link_id)
    if found is None:
        abort(404, _gone())
    return found


def _shown(link_id: int) -> FoundTv:
    found = _own(link_id)
    tv_views.begin(found)
    return found


def _gone() -> str:
    return _("This TV was revoked, or never existed. Go back to Settings → TV screens for the present list.")


def _list(new_id: int | None = None, token: str | None = None) -> str:
    """The list; with a `token`, the new address of the TV `new_id`, which is shown once."""
    found = links.active(current_tenant().id)
    return render_template(
        "pages/tv_screens.html",
        tenant=current_tenant(),
        links=found,
        new=next((link for link in found if link.id == new_id), None),
        address=url_for("tv.page", token=token, _external=True) if token else "",
        titles=TITLES,
        last_seen={link.id: _last_seen(link) for link in found},
    )


def _last_seen(link: TvLink) -> tuple[str, str]:
    """The state of a TV as a word for its style and as text."""
    if link.last_seen_at is None:
        return "never", _("Not opened yet")
    ago = clock.now() - link.last_seen_at
    if ago <= timedelta(seconds=links.ON_SECONDS):
        return "on", _("On now")
    return "off", _("Last on %(duration)s ago", duration=duration_text(ago.total_seconds()))


def _form_page(form: TvForm, link_id: int | None = None) -> str:
    return render_template(
        "pages/tv_screen.html",
        tenant=current_tenant(),
        form=form,
        link_id=link_id,
        titles=TITLES,
        descriptions=DESCRIPTIONS,
        order=_in_order(form.values["screens"]),
        themes=TV_THEMES,
        languages=list(locales.NAMES.items()),
        name_max=TV_NAME_MAX_CHARS,
        seconds=TV_SECONDS,
    )


def _in_order(chosen: list[str]) -> list[str]:
    """All screens, the chosen ones first and in their order."""
    return [*(name for name in chosen if name in SCREENS), *(name for name in SCREENS if name not in chosen)]
