"""The interface of a sender: it sends messages to one broker and returns one outcome per message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..message import Message

# For connecting, and for the acknowledgements of one `send`.
DEADLINE_SECONDS = 15.0


# Not frozen, which takes three times as long: there is one per message.
@dataclass(slots=True, unsafe_hash=True)
class Acknowledged:
    """The broker has the message. `position` is where: a stream id, "partition 0, offset 42", a sequence."""

    position: str


@dataclass(frozen=True)
class Refused:
    """The broker will never accept this message as it is: too large, not routable, not valid. It becomes a dead letter.

    A sender of whole pages also refuses the later messages of its order in the page, which it has not sent.
    """

    reason: str


@dataclass(frozen=True)
class Unclear:
    """The broker may have the message or not. It is sent again with the same id."""

    reason: str


Outcome = Acknowledged | Refused | Unclear


class BrokerAway(Exception):
    """The broker cannot be used now: unreachable, out of memory, sign-in refused, no such stream.

    The relay waits and tries again; no attempt is counted. The message is one sentence for an operator: what was seen and what
    to do. It has no secret.
    """


class ClientMissing(Exception):
    """The client library of this kind is not installed. The message has the command that installs it."""


class SequenceUsed(Exception):
    """The broker refuses a sequence that it has from another event. The relay begins a new incarnation."""


class Sender(Protocol):
    """A connection to one broker, made at first use and again after a fault. One thread uses it at a time."""

    # True: `send` takes several messages of one order and keeps their order. False: at most one message per order.
    takes_whole_pages: bool
    # True: it sends `Message.structured`. False: `Message.attributes` and `Message.data`.
    is_structured: bool

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Send all messages, wait for their acknowledgements at most DEADLINE_SECONDS; one outcome per message, in order.

        Raises BrokerAway when no message can have been accepted, ClientMissing, SequenceUsed.
        """
        ...

    def check(self) -> str:
        """Connect, and check what sending needs without sending; returns a description: "NATS 2.15.1, stream ORDERS".

        Raises BrokerAway, ClientMissing.
        """
        ...

    def close(self) -> None:
        """Disconnect. The sender can be used again."""
        ...
