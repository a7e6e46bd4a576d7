"""The outlet of a destination: a broker's or a webhook's."""

from __future__ import annotations

from ..config import Config
from ..doorbell.connection import Connection
from .address import WEBHOOK
from .broker_outlet import BrokerOutlet
from .destinations import Destination
from .lease import Lease
from .opening import sender_of
from .relaying import Outlet


def open_outlet(conn: Connection, lease: Lease, destination: Destination, config: Config) -> Outlet:
    """Raises SecretsLocked and address.WrongAddress."""
    if destination.kind == WEBHOOK:
        # At use, as the brokers' clients are.
        from .webhook_outlet import WebhookOutlet

        return WebhookOutlet(conn, lease, destination, config)
    return BrokerOutlet(conn, destination.name, lease, sender_of(destination, config))
