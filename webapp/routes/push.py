"""Web Push of a browser: the server's key, a subscription, its removal. Scripts send JSON."""

from __future__ import annotations

from typing import Any

import redis
from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import sessions
from ..language import gettext as _
from ..language import lazy_gettext, stored_text
from ..push import queue as push_queue
from ..push import subscriptions
from ..push.subscriptions import Browser
from ..services import services
from ..webhooks.addresses import check_url
from ..webhooks.errors import RefusedAddress
from .notification_settings import bp

PLAIN = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "private, no-store"}
NO_KEYS = lazy_gettext(
    "This server has no keys for push notifications. Its administrator makes them with: flask push-keys"
)


class SubscriptionInvalid(ValueError):
    """The body is not a subscription that can be used; the message has the reason."""


@bp.get("/push/key")
def push_key() -> ResponseReturnValue:
    """The key for the browser's push manager; 404 while this server has none."""
    keys = services().config.vapid
    if keys is None:
        return str(NO_KEYS), 404, PLAIN
    # Cryptography is imported at its first use, because most web workers never need its memory.
    from ..push.vapid import public_key

    return public_key(keys), 200, PLAIN


@bp.post("/push/subscribe")
def push_subscribe() -> ResponseReturnValue:
    """The body is `PushSubscription.toJSON()`. A page sends it again at times, which renews it."""
    session = sessions.current()
    if services().config.vapid is None:
        return str(NO_KEYS), 404, PLAIN
    if session is None:
        return _("Sign in again to turn on push notifications."), 409, PLAIN
    try:
        browser = _browser()
        check_url(browser.endpoint, services().config.webhook_allow)
    except (SubscriptionInvalid, RefusedAddress) as error:
        return stored_text(str(error)), 422, PLAIN
    subscriptions.subscribe(current_user, session, browser)
    _announce()
    return "", 204


@bp.post("/push/unsubscribe")
def push_unsubscribe() -> ResponseReturnValue:
    """The body has the `endpoint`. One that is unknown, or of another user, is left as it is."""
    subscriptions.unsubscribe(current_user, _text(_body(), "endpoint"))
    return "", 204


def _browser() -> Browser:
    body = _body()
    keys = body.get("keys")
    if not isinstance(keys, dict):
        raise SubscriptionInvalid(_("The subscription has no keys."))
    endpoint, p256dh, auth = _text(body, "endpoint"), _text(keys, "p256dh"), _text(keys, "auth")
    if not endpoint:
        raise SubscriptionInvalid(_("The subscription has no endpoint."))
    from ..push.encryption import KeysInvalid, check_keys

    try:
        check_keys(p256dh, auth)
    except KeysInvalid as error:
        raise SubscriptionInvalid(str(error)) from None
    return Browser(endpoint, p256dh, auth, request.script_root)


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) and "\0" not in value else ""


def _announce() -> None:
    """Let the listener wake the first pushes at once, not only the timer."""
    try:
        push_queue.publish(services().redis, True)
    except redis.RedisError:
        return  # the task announces it
