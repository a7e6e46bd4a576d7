"""The sender of an address, by its kind. The client libraries are imported at use: each is optional."""

from __future__ import annotations

from ..address import AMQP, KAFKA, NATS, REDIS, Address
from .base import Sender


def open_sender(address: Address, own_redis_url: str) -> Sender:
    """A sender that is not connected yet. `own_redis_url` is Doorbell's Redis, for an address without a host."""
    if address.kind == REDIS:
        from .redis_streams import RedisStreamsSender

        return RedisStreamsSender(address, own_redis_url)
    if address.kind == NATS:
        from .nats_jetstream import NatsSender

        return NatsSender(address)
    if address.kind == AMQP:
        from .rabbitmq import RabbitmqSender

        return RabbitmqSender(address)
    if address.kind == KAFKA:
        from .kafka import KafkaSender

        return KafkaSender(address)
    raise ValueError(f"{address.kind} has no sender")
