"""A user's notification settings: the channels of each kind, muted kinds, quiet hours."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission, may
from ..display import clock
from ..events.notification_kinds import CHANNELS, KINDS_BY_NAME, PUSH, kinds_of
from ..language import gettext as _
from ..notifications import preferences
from ..queries import notification_preferences
from ..queries.day import today
from ..queries.notification_preferences import Preferences
from ..services import services
from .board import live_since
from .quiet_hours_field import QuietHoursInvalid, parse_quiet_hours

bp = Blueprint("notification_settings", __name__, url_prefix="/notifications")


@bp.get("")
def index() -> str:
    return _page(notification_preferences.read(current_tenant(), current_user))


@bp.post("")
def save() -> ResponseReturnValue:
    """Save the whole form. The button of a row also mutes or unmutes its kind."""
    kinds = [kind.name for kind in kinds_of(may(current_user, Permission.MANAGE_RELAY))]
    ticked = set(request.form.getlist("channel"))
    stored = notification_preferences.read(current_tenant(), current_user)
    channels = {kind: _ticked(kind, ticked, stored) for kind in kinds}
    starts, ends = request.form.get("quiet_from", ""), request.form.get("quiet_to", "")
    try:
        quiet = parse_quiet_hours(starts, ends)
    except QuietHoursInvalid as error:
        return _page(stored.with_channels(channels), problem=str(error), typed=(starts, ends)), 422
    preferences.save(current_user, channels, quiet)
    for name, change in (("mute", preferences.mute), ("unmute", preferences.unmute)):
        if (kind := request.form.get(name)) in kinds:
            change(current_user, str(kind))
    flash(_("Notification settings saved."), "success")
    return redirect(url_for("notification_settings.index"), 303)


@bp.post("/mute/<kind>")
def mute(kind: str) -> ResponseReturnValue:
    """For the button of a toast. The stored channels stay, so that `unmute` restores them."""
    preferences.mute(current_user, _known(kind))
    return "", 204


@bp.post("/unmute/<kind>")
def unmute(kind: str) -> ResponseReturnValue:
    preferences.unmute(current_user, _known(kind))
    return "", 204


def _ticked(kind: str, ticked: set[str], stored: Preferences) -> frozenset[str]:
    """The channels of a kind as the form has them. Without keys the boxes of pushes are disabled, and none is sent."""
    chosen = frozenset(channel for channel in CHANNELS if f"{kind}:{channel}" in ticked)
    if services().config.vapid is None:
        chosen = chosen - {PUSH} | stored.of(kind).channels & {PUSH}
    return chosen


def _known(kind: str) -> str:
    if kind not in KINDS_BY_NAME:
        abort(404)
    return kind


def _page(stored: Preferences, problem: str = "", typed: tuple[str, str] | None = None) -> str:
    live_since()
    quiet = stored.quiet
    times = (f"{quiet.starts:%H:%M}", f"{quiet.ends:%H:%M}") if quiet else ("", "")
    now = clock.now()
    return render_template(
        "pages/notifications.html",
        tenant=current_tenant(),
        kinds=kinds_of(may(current_user, Permission.MANAGE_RELAY)),
        channels=CHANNELS,
        stored=stored,
        quiet=typed or times,
        is_quiet=stored.is_quiet(now, current_tenant().timezone),
        problem=problem,
        can_push=services().config.vapid is not None,
        today=today(current_tenant().timezone, now).date,
    )
