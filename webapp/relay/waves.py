"""Sending a page: in waves in which each order occurs once, so that a broker gets each order's messages in their order.

A wave is sent at once and its acknowledgements are awaited together. A refused message holds the later ones of its order; the
messages of other orders go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from .message import Message
from .senders.base import Acknowledged, BrokerAway, Refused, Sender, Unclear

# A message without a clear outcome is sent again with the same id, at most this often.
UNCLEAR_TRIES = 4


@dataclass
class SentPage:
    """The outcome of a page, by event id: positions of acknowledged messages, reasons of refused ones, those that wait behind.

    `repeats` is the number of messages that were sent again.
    """

    acknowledged: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    behind: list[int] = field(default_factory=list)
    repeats: int = 0


def waves(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """The first message of each order, then the second of each order that has one, and so on."""
    orders: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        orders[message.key].append(message)
    for wave in zip_longest(*orders.values()):
        yield [message for message in wave if message is not None]


def send_page(sender: Sender, messages: Sequence[Message]) -> SentPage:
    """Send messages that are in order per order. Raises what Sender.send raises; nothing is known of the page then."""
    page = SentPage()
    held: set[str] = set()
    for wave in [messages] if sender.takes_whole_pages else waves(messages):
        page.behind += [message.event.id for message in wave if message.key in held]
        sendable = [message for message in wave if message.key not in held]
        for message, outcome in _send_until_clear(sender, sendable, page):
            if isinstance(outcome, Acknowledged):
                page.acknowledged[message.event.id] = outcome.position
            elif message.key in held:
                # A sender of whole pages refuses what follows a refused message of the same order.
                page.behind.append(message.event.id)
            else:
                page.refused[message.event.id] = outcome.reason
                held.add(message.key)
    return page


def _send_until_clear(
    sender: Sender, wave: Sequence[Message], page: SentPage
) -> Iterator[tuple[Message, Acknowledged | Refused]]:
    """An outcome per message. One that stays unclear while others of the wave arrive counts as refused.

    Raises BrokerAway when no message of the wave arrives.
    """
    unclear, arrives, reason = list(wave), False, ""
    for tries in range(UNCLEAR_TRIES):
        if not unclear:
            return
        page.repeats += len(unclear) if tries else 0
        sent, unclear = zip(unclear, sender.send(unclear), strict=True), []
        for message, outcome in sent:
            if isinstance(outcome, Unclear):
                unclear.append(message)
                reason = outcome.reason
            else:
                arrives = True
                yield message, outcome
    if unclear and not arrives:
        raise BrokerAway(f"no acknowledgement in {UNCLEAR_TRIES} tries: {reason}")
    for message in unclear:
        yield message, Refused(f"no acknowledgement in {UNCLEAR_TRIES} tries: {reason}")
