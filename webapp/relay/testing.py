"""The test of a destination: connects and checks what sending needs; a webhook gets a sample event."""

from __future__ import annotations

from datetime import UTC, datetime

from ..config import Config
from ..webhooks.answer import Answer
from ..webhooks.errors import PostError
from ..webhooks.post import post
from ..webhooks.signature import headers
from ..webhooks.words import describe
from .address import WEBHOOK
from .destinations import Destination
from .message import STRUCTURED_TYPE
from .opening import address_of, secret_box, sender_of
from .sample import sample_message
from .senders.base import BrokerAway
from .signing import signing_secrets


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
    box, now = secret_box(config), datetime.now(UTC)
    message = sample_message(event_type, tenant, now)
    secrets = signing_secrets(box.unlock(destination.secrets), now)
    signed = headers(message.id, now, message.structured, secrets)
    url = address_of(destination, box).url
    try:
        return post(url, message.structured, {"Content-Type": STRUCTURED_TYPE, **signed}, allow=config.webhook_allow)
    except PostError as error:
        return error
