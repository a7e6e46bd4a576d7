"""KafkaWave: the messages of one `send` to Kafka with what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..address import Address
from ..message import Message
from .base import Acknowledged, BrokerAway, Outcome, Refused, Unclear
from .kafka_words import is_of_topic, is_refusal, is_too_large, message_words, topic_words

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka import Message as Delivered


class KafkaWave:
    """`topics` has each message's by id, `unusable` the reason by topic, `waiting` the messages without a delivery report."""

    def __init__(self, messages: Sequence[Message], address: Address) -> None:
        self._messages, self._address = messages, address
        self._outcomes: dict[str, Outcome] = {}
        self._too_large: list[Message] = []
        self.topics = {message.id: message.fill(address.options["topic"]) for message in messages}
        self.unusable: dict[str, str] = {}
        self.waiting: set[str] = set()
        # Whether a message may have been accepted or not; the reason is not a topic.
        self.is_unclear = False

    def open(self) -> list[Message]:
        """The messages whose topic can be written to, as far as is known."""
        return [message for message in self._messages if self.topics[message.id] not in self.unusable]

    def report(self, message: Message, error: KafkaError | None, delivered: Delivered | None) -> None:
        """Take a delivery report, or the error of handing the message to the producer (`delivered` is None)."""
        self.waiting.discard(message.id)
        if error is None:
            assert delivered is not None
            self._outcomes[message.id] = Acknowledged(_position(delivered))
        elif is_of_topic(error):
            topic = self.topics[message.id]
            self.unusable[topic] = topic_words(topic, error, self._address)
        elif is_refusal(error):
            reason = message_words(error, self._address, len(message.data))
            self._outcomes[message.id] = Refused(reason)
            if is_too_large(error) and delivered is not None:
                self._too_large.append(message)
        else:
            self.is_unclear = True
            self._outcomes[message.id] = Unclear(message_words(error, self._address, len(message.data)))

    def refused_in_batch(self) -> list[Message]:
        """The messages that may have been refused only because their batch was too large; they have no outcome again.

        The broker's limit is for a batch, and a batch is refused as a whole.
        """
        messages, self._too_large = self._too_large, []
        if len(self._messages) == 1:
            return []
        for message in messages:
            del self._outcomes[message.id]
        return messages

    def results(self) -> list[Outcome]:
        """One outcome per message. Raises BrokerAway when no topic of the wave can be written to."""
        if not self._outcomes and self.unusable:
            raise BrokerAway(next(iter(self.unusable.values())))
        return [self._outcomes.get(message.id) or self._without_outcome(message) for message in self._messages]

    def _without_outcome(self, message: Message) -> Outcome:
        return Unclear(self.unusable.get(self.topics[message.id], "the producer gave no delivery report"))


def _position(delivered: Delivered) -> str:
    offset = delivered.offset()
    # After a lost answer, the broker confirms a repeat without its offset.
    where = f"offset {offset}" if offset is not None and offset >= 0 else "offset not known"
    return f"partition {delivered.partition()}, {where}"
