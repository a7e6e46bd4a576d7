"""A destination's address with its secrets in clear text, for a sender; never logged."""

from __future__ import annotations

import os

from ..config import Config
from . import address_secrets
from .address import WEBHOOK, Address
from .destinations import Destination
from .secrets import SecretBox
from .senders.base import Sender
from .senders.open import open_sender


def secret_box(config: Config) -> SecretBox:
    return SecretBox((config.secret_key, *config.secret_key_fallbacks))


def address_of(destination: Destination, box: SecretBox) -> Address:
    """Raises SecretsLocked, and WrongAddress for a variable that is not set."""
    secrets = box.unlock(destination.secrets)
    return address_secrets.resolve(address_secrets.join_secrets(destination.url, secrets), os.environ)


def sender_of(destination: Destination, config: Config) -> Sender:
    """The sender of a broker. Raises what address_of raises."""
    if destination.kind == WEBHOOK:
        raise ValueError("a webhook has no sender")
    return open_sender(address_of(destination, secret_box(config)), config.redis_url)
