"""Actions on a destination, as resources below it: pausing is POST /relay/orders/pause. Each leads back to a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_tenant
from ..concurrency import native_thread
from ..db import db, driver_connection
from ..display import clock
from ..display.filters import number_text
from ..events.catalog import TYPES
from ..language import gettext as _
from ..language import ngettext, stored_text
from ..relay import verbs
from ..relay.address import WrongAddress
from ..relay.destinations import Destination
from ..relay.opening import secret_box
from ..relay.secrets import SecretsLocked
from ..relay.senders.base import BrokerAway, ClientMissing
from ..relay.verbs import RelayError
from ..services import services
from .relay import bp, show_page
from .relay_parts import find

# Each has a sentence for the user, without a secret.
EXPECTED = (RelayError, SecretsLocked, WrongAddress, BrokerAway, ClientMissing)
MAX_REASON_CHARS = 200

# Changes a destination, as an actor, and returns the message for the user.
Verb = Callable[[psycopg.Connection[Any], Destination, str], str]


def _act(name: str, verb: Verb, back: str | None = None) -> ResponseReturnValue:
    destination = find(name)
    try:
        with driver_connection() as conn:
            message = verb(conn, destination, _actor())
        db.session.commit()
    except EXPECTED as error:
        db.session.rollback()
        flash(_sentence(error), "danger")
    else:
        _announce(destination)
        flash(message, "success")
    return redirect(back or _back(name), 303)


def _announce(destination: Destination) -> None:
    with driver_connection() as conn:
        services().relay_notices.changed(conn, destination.tenant_id)


def _actor() -> str:
    return f"{current_user.name} ({current_user.email})"


def _sentence(error: Exception) -> str:
    text = stored_text(str(error))
    if isinstance(error, RelayError):
        # A whole sentence, which may begin with the name of a destination.
        return text
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _back(name: str) -> str:
    """The page with the button: the list, or the destination's own."""
    return url_for("relay.index") if request.form.get("back") == "list" else url_for("relay.show", name=name)


@bp.post("/<name>/pause")
def pause(name: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "").strip()[:MAX_REASON_CHARS]

    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        verbs.pause(conn, destination, actor, reason)
        return _("Paused %(name)s. Its events wait until you resume it.", name=name)

    return _act(name, verb)


@bp.post("/<name>/resumption")
def resume(name: str) -> ResponseReturnValue:
    from_now = request.form.get("start") == "now"

    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        verbs.resume(conn, destination, actor, from_now=from_now)
        if from_now:
            return _("Resumed %(name)s from now.", name=name)
        return _("Resumed %(name)s from where it stopped.", name=name)

    return _act(name, verb)


@bp.post("/<name>/removal")
def remove(name: str) -> ResponseReturnValue:
    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        verbs.remove(conn, destination, actor)
        return _("Removed %(name)s. No more events are sent to it.", name=name)

    return _act(name, verb, url_for("relay.index"))


@bp.post("/<name>/replays")
def replay(name: str) -> ResponseReturnValue:
    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        since = _moment("since", _("From"))
        until = _moment("until", _("Until")) if request.form.get("until") else clock.now()
        types, rate = request.form.getlist("types") or None, _rate(request.form.get("rate", ""))
        number = verbs.replay(conn, destination, actor, since, until, types, destination.tenant_id, rate)
        return _("Replay %(id)s has begun. Its events have the same ids and are marked as a replay.", id=number)

    return _act(name, verb)


@bp.post("/<name>/replays/cancellation")
def cancel_replay(name: str) -> ResponseReturnValue:
    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        count = verbs.cancel_replay(conn, destination, actor)
        if not count:
            return _("No replay was running.")
        return ngettext("Cancelled %(num)s replay.", "Cancelled %(num)s replays.", count, num=number_text(count))

    return _act(name, verb)


@bp.post("/<name>/retries")
def retry(name: str) -> ResponseReturnValue:
    """Of one event, or of all without one."""

    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        event = _event() if request.form.get("event") else None
        count = verbs.retry(conn, destination, actor, None if event is None else [event])
        return ngettext(
            "%(num)s dead letter is sent again within a few seconds.",
            "%(num)s dead letters are sent again within a few seconds.",
            count,
            num=number_text(count),
        )

    return _act(name, verb)


@bp.post("/<name>/skips")
def skip(name: str) -> ResponseReturnValue:
    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        event = _event()
        verbs.skip(conn, destination, actor, [event])
        return _("Event %(id)s is skipped. The events that waited behind it are sent.", id=event)

    return _act(name, verb)


@bp.post("/<name>/resends")
def resend_failed(name: str) -> ResponseReturnValue:
    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        count = verbs.resend_failed(conn, destination, actor, _moment("since", _("Since")))
        return ngettext(
            "%(num)s failed delivery is sent again.",
            "%(num)s failed deliveries are sent again.",
            count,
            num=number_text(count),
        )

    return _act(name, verb)


@bp.post("/<name>/deliveries/<int:delivery_id>/resends")
def resend(name: str, delivery_id: int) -> ResponseReturnValue:
    def verb(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> str:
        verbs.resend(conn, destination, actor, delivery_id)
        return _("Delivery %(id)s is sent again within a few seconds.", id=delivery_id)

    return _act(name, verb, url_for("relay.delivery", name=name, delivery_id=delivery_id))


@bp.post("/<name>/tests")
def test(name: str) -> ResponseReturnValue:
    """Connect to the destination; a webhook gets a sample event. No transaction is open meanwhile."""
    destination, slug, config = find(name), current_tenant().slug, services().config
    event_type = request.form.get("type", TYPES[0])
    if event_type not in TYPES:
        event_type = TYPES[0]
    db.session.close()
    from ..relay import testing

    try:
        found = native_thread.run(lambda: testing.check(destination, config, event_type, slug))
    except EXPECTED as error:
        flash(_("The test of %(name)s failed. %(error)s", name=name, error=_sentence(error)), "danger")
    else:
        flash(_("%(name)s works: %(found)s", name=name, found=stored_text(found)), "success")
    return redirect(_back(name), 303)


@bp.post("/<name>/secret")
def rotate(name: str) -> ResponseReturnValue:
    """The page with the new secret, which no other page and no cookie ever has."""
    destination = find(name)
    try:
        with driver_connection() as conn:
            secret = verbs.rotate(conn, secret_box(services().config), destination, _actor(), clock.now())
        db.session.commit()
    except EXPECTED as error:
        db.session.rollback()
        flash(_sentence(error), "danger")
        return redirect(_back(name), 303)
    _announce(destination)
    return show_page(name, new_secret=secret)


def _moment(field: str, label: str) -> datetime:
    """A local time of a form, in the tenant's zone. Raises RelayError."""
    text = request.form.get(field, "")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(current_tenant().timezone))
    except ValueError:
        problem = _("%(field)s is '%(text)s'. Choose a date and a time.", field=label, text=text[:40])
        raise RelayError(problem) from None


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        most = number_text(verbs.MAX_REPLAY_RATE)
        raise RelayError(
            _("The rate is '%(text)s'. Enter events per second, 1 to %(most)s.", text=text[:40], most=most)
        )
    return int(text)


def _event() -> int:
    text = request.form.get("event", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise RelayError(_("'%(text)s' is not a number of an event. Reload the page and try again.", text=text[:40]))
    return int(text)
