"""The verbs on destinations, for the command line and the pages. Each is one transaction, with an entry in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from ..config.webhook_allow import Network
from ..events.catalog import TYPES
from ..language import gettext as _
from ..webhooks.addresses import check_url
from . import address, address_secrets, audit, delivery_requests, destinations, held, replays
from .address import WEBHOOK
from .destinations import ACTIVE, PAUSED, Destination
from .secrets import SecretBox
from .signing import CURRENT, new_signing, rotated

NOW, BEGINNING = "now", "beginning"
MAX_REPLAY_RATE = 100_000
DEFAULT_REPLAY_RATE = 500

_ADD = """
INSERT INTO relay_destinations (name, kind, url, secrets, tenant_id, types, recorded_from)
VALUES (%(name)s, %(kind)s, %(url)s, %(secrets)s, %(tenant_id)s, %(types)s, %(recorded_from)s)
"""
_SET_STATE = """
UPDATE relay_destinations SET state = %(state)s, state_reason = %(reason)s, state_at = now(), failing_since = NULL
WHERE id = %(id)s
"""
_REPLAY = """
INSERT INTO relay_replays (destination_id, recorded_from, recorded_before, tenant_id, types, events_per_second, requested_by)
VALUES (%(destination)s, %(since)s, %(until)s, %(tenant_id)s, %(types)s, %(rate)s, %(actor)s) RETURNING id
"""


class RelayError(Exception):
    """The verb cannot be done. The message has what was seen, what is allowed and what to do."""


@dataclass(frozen=True)
class NewDestination:
    """The input of `add`. `start` is NOW, BEGINNING or a time with a zone. `secret` signs a webhook; None makes a new one."""

    name: str
    url: str
    tenant_id: int | None = None
    types: Sequence[str] | None = None
    start: str | datetime = NOW
    secret: str | None = None


def add(
    conn: psycopg.Connection[Any], box: SecretBox, new: NewDestination, actor: str, allow: Sequence[Network] = ()
) -> Destination:
    """Add a destination. It begins at once. `allow` is Config.webhook_allow.

    Raises RelayError, address.WrongAddress, webhooks.signature.InvalidSecret, webhooks.errors.RefusedAddress.
    """
    _check(new)
    public_url, secrets = address_secrets.split_secrets(new.url)
    kind = address.parse(new.url).kind
    if kind == WEBHOOK:
        check_url(new.url, allow)
        secrets |= new_signing(new.secret)
    elif new.secret is not None:
        raise RelayError(_("Only a webhook has a signing secret."))
    values = {
        "name": new.name,
        "kind": kind,
        "url": public_url,
        "secrets": box.lock(secrets),
        "tenant_id": new.tenant_id,
        "types": None if new.types is None else list(new.types),
        "recorded_from": new.start if isinstance(new.start, datetime) else None,
    }
    try:
        with conn.transaction():
            conn.execute(_ADD, values)
            destination = destinations.by_name(conn, new.name)
            reader = destination.reader
            reader.save(conn, reader.present(conn) if new.start == NOW else reader.beginning(conn))
            audit.write(conn, destination, actor, "added", f"{public_url} from {new.start}")
    except psycopg.errors.UniqueViolation:
        raise RelayError(_("There is a destination %(name)r already. Choose another name.", name=new.name)) from None
    return destination


def _check(new: NewDestination) -> None:
    if "://" in new.name:
        raise RelayError(_("The name of a destination comes first, then its address."))
    if not destinations.NAME.fullmatch(new.name):
        raise RelayError(
            _(
                "%(name)r is not a name of a destination: it needs 1 to 40 characters of a-z, 0-9, - and _, and "
                "begins with a letter or digit.",
                name=new.name[:60],
            )
        )
    _check_types(new.types)
    if isinstance(new.start, datetime) and new.start.tzinfo is None:
        raise RelayError(_("The time to begin from needs a time zone, for example 2026-11-01T00:00+00:00."))


def _check_types(types: Sequence[str] | None) -> None:
    if types is not None and not types:
        raise RelayError(_("Give at least one type of event, of: %(types)s.", types=", ".join(TYPES)))
    for name in types or ():
        if name not in TYPES:
            raise RelayError(
                _("%(name)r is not a type of event; allowed: %(types)s.", name=name[:40], types=", ".join(TYPES))
            )


def pause(conn: psycopg.Connection[Any], destination: Destination, actor: str, reason: str = "") -> None:
    """Stop relaying; events wait. A page in flight is completed."""
    if destination.state == PAUSED:
        raise RelayError(_("%(name)s is paused already.", name=destination.name))
    with conn.transaction():
        _set_state(conn, destination, PAUSED, reason)
        audit.write(conn, destination, actor, "paused", reason)


def resume(conn: psycopg.Connection[Any], destination: Destination, actor: str, *, from_now: bool = False) -> None:
    """Relay again, from where it stopped. `from_now` leaves out the events since, and a webhook's waiting deliveries."""
    if destination.state == ACTIVE:
        raise RelayError(_("%(name)s is active already.", name=destination.name))
    with conn.transaction():
        _set_state(conn, destination, ACTIVE, None)
        if from_now:
            destination.reader.save(conn, destination.reader.present(conn))
            delivery_requests.skip_waiting(conn, destination.id, "the webhook was resumed from now")
        audit.write(conn, destination, actor, "resumed", "from now" if from_now else "")


def remove(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> None:
    """Forget a destination with its cursors, dead letters and deliveries. The audit log stays."""
    with conn.transaction():
        forget_cursors(conn, destination)
        conn.execute("DELETE FROM relay_destinations WHERE id = %s", [destination.id])
        audit.write(conn, destination, actor, "removed", destination.url)


def forget_cursors(conn: psycopg.Connection[Any], destination: Destination) -> None:
    """Delete the cursors of a destination that is removed, and of its replays."""
    for replay in replays.newest(conn, destination.id, limit=1000):
        replay.reader(destination).delete(conn)
    destination.reader.delete(conn)


def retry(conn: psycopg.Connection[Any], destination: Destination, actor: str, event_ids: Sequence[int] | None) -> int:
    """Ask the worker to send dead letters again: those of the events, or all (None). Returns their number.

    The events that wait behind them follow in order.
    """
    return _request(conn, destination, actor, held.RETRY, event_ids)


def skip(conn: psycopg.Connection[Any], destination: Destination, actor: str, event_ids: Sequence[int]) -> int:
    """Ask the worker to drop dead letters. The events that wait behind them follow. Returns their number."""
    return _request(conn, destination, actor, held.SKIP, event_ids)


def resend(conn: psycopg.Connection[Any], destination: Destination, actor: str, delivery_id: int) -> None:
    """Make a webhook's finished delivery again, in any state. Raises RelayError when there is no such delivery."""
    with conn.transaction():
        if not delivery_requests.resend(conn, destination.id, delivery_id):
            raise RelayError(_("%(name)s has no finished delivery %(id)s.", name=destination.name, id=delivery_id))
        audit.write(conn, destination, actor, "resent", f"delivery {delivery_id}")


def resend_failed(conn: psycopg.Connection[Any], destination: Destination, actor: str, since: datetime) -> int:
    """Make all deliveries again that failed for good since a time. Returns their number."""
    with conn.transaction():
        count = delivery_requests.resend_failed(conn, destination.id, since)
        audit.write(conn, destination, actor, "resent", f"{count} deliveries that failed since {_minute(since)}")
    return count


def replay(
    conn: psycopg.Connection[Any],
    destination: Destination,
    actor: str,
    since: datetime,
    until: datetime,
    types: Sequence[str] | None = None,
    tenant_id: int | None = None,
    events_per_second: int = DEFAULT_REPLAY_RATE,
) -> int:
    """Send the events written from `since` and before `until` again, with the same ids. Returns the replay's id."""
    _check_types(types)
    if since >= until:
        raise RelayError(
            _("The replay begins at %(since)s and ends at %(until)s; the end must be later.", since=since, until=until)
        )
    if not 1 <= events_per_second <= MAX_REPLAY_RATE:
        raise RelayError(
            _(
                "The rate is %(rate)s; allowed: 1 to %(most)s events per second.",
                rate=events_per_second,
                most=MAX_REPLAY_RATE,
            )
        )
    if destination.tenant_id is not None and tenant_id not in (None, destination.tenant_id):
        raise RelayError(_("%(name)s gets the events of one tenant, and that is another one.", name=destination.name))
    values = {"destination": destination.id, "since": since, "until": until, "tenant_id": tenant_id, "actor": actor}
    values |= {"types": None if types is None else list(types), "rate": events_per_second}
    with conn.transaction():
        row = conn.execute(_REPLAY, values).fetchone()
        assert row is not None
        (started,) = [found for found in replays.newest(conn, destination.id, limit=1) if found.id == row[0]]
        reader = started.reader(destination)
        reader.save(conn, reader.beginning(conn))
        audit.write(conn, destination, actor, "replayed", f"replay {row[0]}: {_minute(since)} to {_minute(until)}")
    return int(row[0])


def cancel_replay(conn: psycopg.Connection[Any], destination: Destination, actor: str) -> int:
    """Stop the replays. Returns the number of those that were running. Raises RelayError when there is nothing to stop."""
    with conn.transaction():
        count = 0
        while (found := replays.running(conn, destination.id)) is not None:
            replays.end(conn, destination, found, "cancelled")
            count += 1
        # The last replay may have ended with deliveries that are not made yet.
        skipped = delivery_requests.skip_replayed(conn, destination.id, "the replay was cancelled")
        if not count and not skipped:
            raise RelayError(_("%(name)s has no replay that runs.", name=destination.name))
        audit.write(conn, destination, actor, "cancelled replays", str(count))
    return count


def rotate(conn: psycopg.Connection[Any], box: SecretBox, destination: Destination, actor: str, now: datetime) -> str:
    """Replace a webhook's signing secret. The former one signs too for a day. Returns the new one."""
    if destination.kind != WEBHOOK:
        raise RelayError(_("%(name)s is not a webhook; only a webhook has a signing secret.", name=destination.name))
    secrets = rotated(box.unlock(destination.secrets), now)
    with conn.transaction():
        conn.execute("UPDATE relay_destinations SET secrets = %s WHERE id = %s", [box.lock(secrets), destination.id])
        audit.write(conn, destination, actor, "rotated the secret")
    return secrets[CURRENT]


def _minute(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")


def _set_state(conn: psycopg.Connection[Any], destination: Destination, state: str, reason: str | None) -> None:
    conn.execute(_SET_STATE, {"id": destination.id, "state": state, "reason": reason or None})


def _request(
    conn: psycopg.Connection[Any], destination: Destination, actor: str, verb: str, event_ids: Sequence[int] | None
) -> int:
    with conn.transaction():
        if destination.kind != WEBHOOK:
            count = held.request(conn, destination.id, verb, event_ids)
        elif verb == held.SKIP:
            count = delivery_requests.skip(conn, destination.id, event_ids)
        else:
            count = delivery_requests.retry(conn, destination.id, event_ids)
        if not count:
            raise RelayError(_no_dead_letter(destination.name, event_ids))
        audit.write(conn, destination, actor, verb, "all" if event_ids is None else ", ".join(map(str, event_ids)))
    return count


def _no_dead_letter(name: str, event_ids: Sequence[int] | None) -> str:
    if event_ids is None:
        return _("%(name)s has no dead letter.", name=name)
    return _("%(name)s has no dead letter of event %(ids)s.", name=name, ids=", ".join(map(str, event_ids)))
