"""RabbitmqSender: publishes to exchanges of RabbitMQ with pipelined publisher confirms (AMQP 0.9.1, py-amqp).

RabbitMQ confirms a message that no queue takes, and drops it, so each is published `mandatory`: the broker then returns it
before the confirmation. It has no defence against repeats: the consumer compares ids, as docs/relay/consumer_rabbitmq.py does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from ..address import Address
from ..message import Message
from .base import DEADLINE_SECONDS, BrokerAway, Outcome
from .rabbitmq_channel import ConfirmChannel
from .rabbitmq_wave import RabbitmqWave
from .rabbitmq_words import loss_words, virtual_host

_ACCESS_REFUSED, _NOT_FOUND, _PRECONDITION_FAILED = 403, 404, 406
_TOO_LARGE = re.compile(r"message size \d+ is larger than configured max size (\d+)")
_EXCHANGE = re.compile(r"exchange '([^']*)'")


class RabbitmqSender:
    """A sender to one RabbitMQ. One message per order is in flight, because a queue may reject one and take the next."""

    takes_whole_pages = False
    is_structured = False

    def __init__(self, address: Address) -> None:
        self._address = address
        self._channel: ConfirmChannel | None = None

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        wave = RabbitmqWave(messages, self._address.options)
        deadline = time.monotonic() + DEADLINE_SECONDS
        more = bool(wave.open)
        while more:
            channel = self._connected(wave)
            more = channel is not None and self._publish(channel, wave, deadline) and bool(wave.open)
        return wave.outcomes()

    def check(self) -> str:
        channel = self._connected()
        assert channel is not None
        exchange = self._address.options["exchange"]
        # A template is known with the first message only.
        if "{" not in exchange:
            self._require(channel, exchange)
        return f"{channel.server}, virtual host {virtual_host(self._address)}, exchange {exchange}"

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _connected(self, wave: RabbitmqWave | None = None) -> ConfirmChannel | None:
        """The channel, connected again when the server has closed it. Raises BrokerAway.

        None when it cannot be connected again after a part of the wave was published.
        """
        if self._channel is not None:
            try:
                self._channel.serve_arrived()
            except self._channel.errors:
                self._drop()
        try:
            if self._channel is None:
                self._channel = ConfirmChannel(self._address)
            # Only a publish shows an alarm. What was published then is in the server's buffers, so the connection is kept: a
            # new one would add another copy of the wave.
            if self._channel.is_blocked:
                raise BrokerAway(self._blocked_words)
        except BrokerAway as error:
            if wave is None or not wave.was_published:
                raise
            wave.leave(str(error))
            return None
        return self._channel

    def _publish(self, channel: ConfirmChannel, wave: RabbitmqWave, deadline: float) -> bool:
        """Publish the open messages and wait; true if the rest of the wave can be published again at once."""
        channel.begin()
        try:
            for message in wave.open.values():
                exchange, key = wave.route(message)
                if exchange in wave.unusable:
                    continue
                if not channel.has_exchange(exchange):
                    wave.unusable[exchange] = self._missing_words(exchange)
                    continue
                wave.was_published = True
                channel.publish(message, exchange, key, deadline)
            channel.wait(deadline)
        except channel.errors as error:
            wave.settle(channel)
            return self._fail(channel, wave, error)
        wave.settle(channel)
        return False

    def _fail(self, channel: ConfirmChannel, wave: RabbitmqWave, error: Exception) -> bool:
        """Put an error into words for the open messages; true if it was about some of them only. Raises BrokerAway."""
        is_late = isinstance(error, TimeoutError) and error.errno is None
        if is_late and channel.is_blocked and not channel.is_torn:
            wave.leave(self._blocked_words)
            return False
        self._drop()
        code, text = getattr(error, "reply_code", 0), loss_words(error)
        too_large, exchange = _TOO_LARGE.search(text), _EXCHANGE.search(text)
        if code == _PRECONDITION_FAILED and too_large:
            return wave.refuse_larger(int(too_large[1]))
        if code in (_ACCESS_REFUSED, _NOT_FOUND) and exchange:
            refused = f"RabbitMQ at {self._address.place} refused: {text}. Allow it with: rabbitmqctl set_permissions"
            reason = refused if code == _ACCESS_REFUSED else self._missing_words(exchange[1])
            if wave.exclude(exchange[1], reason):
                return True
        server = f"RabbitMQ at {self._address.place}"
        late = f"{server} did not confirm the message within {DEADLINE_SECONDS:.0f} s"
        words = late if is_late else f"the connection to {server} was lost before the confirmation: {text}"
        if not wave.was_published:
            raise BrokerAway(words) from error
        wave.leave(words)
        return False

    def _require(self, channel: ConfirmChannel, exchange: str) -> None:
        try:
            if channel.has_exchange(exchange):
                return
        except channel.errors as error:
            self._drop()
            raise BrokerAway(
                f"RabbitMQ at {self._address.place} did not check the exchange {exchange}: {loss_words(error)}"
            ) from error
        raise BrokerAway(self._missing_words(exchange))

    def _missing_words(self, exchange: str) -> str:
        host = virtual_host(self._address)
        return (
            f"RabbitMQ at {self._address.place} has no exchange {exchange} in the virtual host {host}. Declare it with: "
            f"rabbitmqadmin --vhost={host} declare exchange name={exchange} type=topic durable=true"
        )

    @property
    def _blocked_words(self) -> str:
        return (
            f"RabbitMQ at {self._address.place} has blocked publishing, because its memory or disk is full (alarm). See "
            "rabbitmq-diagnostics alarms"
        )

    def _drop(self) -> None:
        if self._channel is not None:
            self._channel.drop()
            self._channel = None
