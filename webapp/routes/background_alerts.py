"""Turns on desktop notifications and sound, for the card that offers them (static/offer.js)."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission, may
from ..events.notification_kinds import DESKTOP, SOUND, TOAST, kinds_of
from ..notifications import preferences
from ..queries import notification_preferences
from .notification_settings import bp


@bp.post("/background")
def turn_on_background() -> ResponseReturnValue:
    """Add both channels to each kind that the user gets as a toast. Mutes and quiet hours stay as they are."""
    stored = notification_preferences.read(current_tenant(), current_user)
    chosen = {kind.name: stored.of(kind.name).channels for kind in kinds_of(may(current_user, Permission.MANAGE_RELAY))}
    channels = {kind: wanted | {DESKTOP, SOUND} for kind, wanted in chosen.items() if TOAST in wanted}
    preferences.save(current_user, channels, stored.quiet)
    return "", 204
