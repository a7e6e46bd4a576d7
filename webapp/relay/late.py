"""Destinations that are late: events have waited for long, because the destination fails or no worker relays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from ..outbox.cursor import UnusableCursor
from . import destinations
from .destinations import PAUSED, Destination

LATE_SECONDS = 300.0


@dataclass(frozen=True)
class Late:
    """A destination with an unread event older than LATE_SECONDS. The age is of the oldest."""

    destination: Destination
    oldest_seconds: float


def late(conn: psycopg.Connection[Any]) -> list[Late]:
    """The late destinations. A paused one is not late: a user has stopped it. Raises psycopg.Error."""
    found = []
    for destination in destinations.every(conn):
        if destination.state == PAUSED:
            continue
        try:
            unread = destination.reader.unread(conn, older_than_seconds=LATE_SECONDS)
        except UnusableCursor:
            # Removed meanwhile.
            continue
        if unread.events:
            found.append(Late(destination, unread.oldest_seconds or LATE_SECONDS))
    return found
