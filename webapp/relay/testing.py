"""The test of a destination: connects and checks what sending needs; a webhook gets a sample event."""

from __future__ import annotations

from datetime import UTC, datetime

from ..config import Config
from ..webhooks.answer import Answer
from ..webhooks.errors import PostError
from ..webhooks.words import describe
from .address import WEBHOOK
from .destinations import Destination
from .opening import secret_box, sender_of
from .posting import WebhookPoster
from .sample import sample_message
from .senders.base import BrokerAway


def check(destination: Destination, config: Config, event_type: str, tenant: str) -> str:
    """The findings in words. A broker gets no message; a webhook gets one of `event_type`.

    Raises BrokerAway and ClientMissing, and what opening.address_of raises.
    """
    if destination.kind == WEBHOOK:
        outcome = _post_sample(destination, config, event_type, tenant)
        if not (isinstance(outcome, Answer) and outcome.is_success):
            raise BrokerAway(describe(outcome))
        return describe(outcome)
    sender = sender_of(destination, config)
    try:
        return sender.check()
    finally:
        sender.close()


def _post_sample(destination: Destination, config: Config, event_type: str, tenant: str) -> Answer | PostError:
    now = datetime.now(UTC)
    message = sample_message(event_type, tenant, now)
    return WebhookPoster(destination, secret_box(config), config.webhook_allow).post(
        message.id, message.structured, now
    )
