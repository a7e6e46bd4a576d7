"""RabbitmqWave: the messages of one `send` to RabbitMQ with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..message import Message
from .base import Acknowledged, BrokerAway, Outcome, Refused, Unclear
from .rabbitmq_channel import ConfirmChannel

# A short string of AMQP 0.9.1.
MAX_KEY_BYTES = 255
_REJECTED = (
    "the broker rejected the message: a queue with overflow=reject-publish is full, or a queue failed. Empty the queue or "
    "raise its max-length"
)


class RabbitmqWave:
    """`open` has the messages without an outcome by id, and `unusable` the reason by exchange that takes no messages."""

    def __init__(self, messages: Sequence[Message], options: Mapping[str, str]) -> None:
        self._messages = messages
        self._outcomes: dict[str, Outcome] = {}
        self._rejected: set[str] = set()
        self.open = {message.id: message for message in messages}
        self.unusable: dict[str, str] = {}
        self.was_published = False
        exchange, key = options["exchange"], options["routing_key"]
        self._routes = {message.id: (message.fill(exchange), message.fill(key)) for message in messages}
        for message in messages:
            for name, text in zip(("exchange", "routing key"), self.route(message), strict=True):
                if len(text.encode()) > MAX_KEY_BYTES:
                    self._end(
                        message.id,
                        Refused(f"the {name} has {len(text.encode())} bytes; at most {MAX_KEY_BYTES} are allowed"),
                    )

    def route(self, message: Message) -> tuple[str, str]:
        """The exchange and the routing key."""
        return self._routes[message.id]

    def settle(self, channel: ConfirmChannel) -> None:
        """Take over what the channel has received."""
        for message_id, has_it in channel.confirmed.items():
            if message_id not in self.open:
                continue
            exchange, key = self.route(self.open[message_id])
            if not has_it:
                self._rejected.add(message_id)
                self._end(message_id, Unclear(_REJECTED))
            elif message_id in channel.returned:
                self._end(
                    message_id,
                    Refused(
                        f"no queue is bound to the exchange {exchange} for the routing key {key} "
                        f"({channel.returned[message_id]}). Bind a queue, then retry"
                    ),
                )
            else:
                self._end(message_id, Acknowledged(f"exchange {exchange}, key {key}"))

    def refuse_larger(self, max_bytes: int) -> bool:
        """Refuse the open messages above the broker's limit; false if there are none."""
        too_large = [message for message in self.open.values() if len(message.data) > max_bytes]
        for message in too_large:
            reason = f"the message has {len(message.data)} bytes; the broker's max_message_size is {max_bytes}"
            self._end(message.id, Refused(reason))
        return bool(too_large)

    def exclude(self, exchange: str, reason: str) -> bool:
        """Take the exchange as unusable; false if no open message goes there, or if it was already."""
        is_new = exchange not in self.unusable
        self.unusable[exchange] = reason
        return is_new and any(self.route(message)[0] == exchange for message in self.open.values())

    def leave(self, reason: str) -> None:
        """The open messages are unclear, except those of unusable exchanges, which have their own reason."""
        for message_id, message in list(self.open.items()):
            if self.route(message)[0] not in self.unusable:
                self._end(message_id, Unclear(reason))

    def outcomes(self) -> list[Outcome]:
        """One outcome per message. Raises BrokerAway when the broker took none of them and may take all of them later."""
        ids = {message.id for message in self._messages}
        if self.open and len(self.open) == len(ids):
            raise BrokerAway(next(iter(self.unusable.values())))
        if self._rejected and self._rejected == ids:
            raise BrokerAway(_REJECTED)
        for message_id, message in list(self.open.items()):
            self._end(message_id, Unclear(self.unusable[self.route(message)[0]]))
        return [self._outcomes[message.id] for message in self._messages]

    def _end(self, message_id: str, outcome: Outcome) -> None:
        self._outcomes[message_id] = outcome
        self.open.pop(message_id, None)
