"""Attempts at one webhook: a signed POST each, and what follows from its answer. They use no connection to the database."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from ..config.webhook_allow import Network
from ..webhooks.answer import Answer
from ..webhooks.errors import PostError
from ..webhooks.post import post
from ..webhooks.schedule import Delivered, Disabled, Next, Retry, next_attempt
from ..webhooks.signature import headers
from ..webhooks.words import describe
from .deliveries import DEAD, DELIVERED, WAITING, Attempt, Delivery
from .destinations import Destination
from .masking import mask, secret_texts
from .message import STRUCTURED_TYPE
from .opening import address_of
from .secrets import SecretBox
from .signing import signing_secrets

# A receiver that asks for fewer requests gets none for at most this long.
MAX_PAUSE_SECONDS = 60.0


class WebhookPoster:
    """Makes attempts at a webhook, in any number of threads. Raises SecretsLocked and address.WrongAddress."""

    def __init__(self, destination: Destination, box: SecretBox, allow: Sequence[Network]) -> None:
        self.made_for = destination.secrets
        self._allow, self._random = allow, random.SystemRandom()
        self._secrets = box.unlock(destination.secrets)
        address = address_of(destination, box)
        self._url, self._hidden = address.url, secret_texts(destination.url, address, self._secrets)

    def post(self, message_id: str, body: bytes, at: datetime) -> Answer | PostError:
        """One request of the time `at`, signed with the secrets of then."""
        signed = headers(message_id, at, body, signing_secrets(self._secrets, at))
        try:
            return post(self._url, body, {"Content-Type": STRUCTURED_TYPE, **signed}, allow=self._allow)
        except PostError as error:
            return error

    def attempt(self, delivery: Delivery) -> Attempt:
        """One request. Its timestamp and signature are its own; its id is the delivery's."""
        at, began = datetime.now(UTC), time.monotonic()
        outcome = self.post(delivery.message_id, delivery.body, at)
        now, answer = datetime.now(UTC), outcome if isinstance(outcome, Answer) else None
        follows = next_attempt(delivery.attempts + 1, now, outcome, self._random)
        return Attempt(
            id=delivery.id,
            at=at,
            status=None if answer is None else answer.status,
            error=None if answer is not None else describe(outcome),
            milliseconds=round((time.monotonic() - began) * 1000),
            answer=None if answer is None else mask(answer.text, self._hidden),
            state=_state(follows),
            reason=None if isinstance(follows, Delivered) else describe(outcome),
            next_at=follows.at if isinstance(follows, Retry) else None,
            pause_seconds=_pause_seconds(follows, now),
            is_gone=isinstance(follows, Disabled),
        )


def _state(follows: Next) -> str:
    if isinstance(follows, Delivered):
        return DELIVERED
    # An endpoint that is gone gets it when it is enabled again.
    return WAITING if isinstance(follows, Retry | Disabled) else DEAD


def _pause_seconds(follows: Next, now: datetime) -> float:
    if not isinstance(follows, Retry) or not follows.slow_down:
        return 0.0
    return min((follows.at - now).total_seconds(), MAX_PAUSE_SECONDS)
