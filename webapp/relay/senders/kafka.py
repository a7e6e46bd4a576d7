"""KafkaSender: an idempotent producer of Kafka (confluent-kafka, which is librdkafka), acks=all, binary CloudEvents.

Idempotence drops the repeats that the producer itself makes after a lost answer. A message that `send` left unclear is a new
one for Kafka: the consumer compares ids, as docs/relay/consumer_kafka.py does. Where no wheel of confluent-kafka fits, such as
on Alpine, pip builds it with the system's librdkafka.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...observability import logs
from ..address import Address
from ..message import Message
from .base import DEADLINE_SECONDS, BrokerAway, ClientMissing, Outcome, Unclear
from .kafka_wave import KafkaWave
from .kafka_words import away_words, is_denied, is_more_telling, topic_words

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

# For the first answer of a broker.
CONNECT_SECONDS = 5.0
_PURGE_SECONDS = 1.0
# So that a wave is one batch per partition, and not as many as its messages take milliseconds. `flush` ends the wait.
LINGER_MS = 200

log = logs.get("relay.kafka")


class KafkaSender:
    """A sender to one Kafka cluster. One message per order is in flight, because a topic may refuse one and take the next."""

    takes_whole_pages = False
    is_structured = False

    def __init__(self, address: Address) -> None:
        self._address = address
        self._producer: Producer | None = None
        # Whether the last wave was clear; if not, brokers and topics are checked before anything is produced.
        self._is_sound = False
        # The most telling error of the connections since the last check.
        self._fault: KafkaError | None = None

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        wave, deadline = KafkaWave(messages, self._address), time.monotonic() + DEADLINE_SECONDS
        producer = self._connected()
        if not self._is_sound:
            wave.unusable = self._unusable(producer, set(wave.topics.values()))
        self._is_sound = False
        self._deliver(producer, wave, wave.open(), deadline)
        for message in wave.refused_in_batch():
            self._deliver(producer, wave, [message], deadline)
        if self._fault is not None and is_denied(self._fault):
            fault = self._fault
            self.close()
            raise BrokerAway(away_words(fault, self._address))
        outcomes = wave.results()
        self._is_sound = not any(isinstance(outcome, Unclear) for outcome in outcomes)
        if wave.is_unclear:
            # The broker takes a gap in the producer's own sequence for an error, and fences the producer.
            self.close()
        return outcomes

    def check(self) -> str:
        producer = self._connected()
        topic = self._address.options["topic"]
        # A template is known with the first message only.
        topics = set() if "{" in topic else {topic}
        for reason in self._unusable(producer, topics).values():
            raise BrokerAway(reason)
        metadata = producer.list_topics(timeout=CONNECT_SECONDS)
        partitions = f" with {len(metadata.topics[topic].partitions)} partitions" if topics else ""
        return f"Kafka, brokers: {len(metadata.brokers)}, topic {topic}{partitions}"

    def close(self) -> None:
        if self._producer is not None:
            # Destroying it would first deliver what is queued.
            self._producer.purge()
            self._producer.poll(0)
        self._producer = None
        self._is_sound = False

    def _connected(self) -> Producer:
        """The producer, a new one after a fatal error. Raises BrokerAway, ClientMissing."""
        if self._producer is not None:
            self._producer.poll(0)
            if self._fault is not None and self._fault.fatal():
                self.close()
        if self._producer is None:
            kafka, self._fault = client(), None
            try:
                if self._address.tls:
                    _check_files(self._address.options)
                self._producer = kafka.Producer(self._settings(), logger=_DebugLog())
            except kafka.KafkaException as error:
                raise BrokerAway(away_words(error.args[0], self._address)) from error
            except OSError as error:
                raise BrokerAway(
                    f"A file of the address cannot be used: {error.strerror}. Check ca_file, cert_file and key_file."
                ) from error
        return self._producer

    def _unusable(self, producer: Producer, topics: set[str]) -> dict[str, str]:
        """The reasons by topic that cannot be written to. Raises BrokerAway when no broker answers."""
        self._fault = None
        try:
            # All topics, because asking for one creates it on brokers that create topics by themselves.
            found = producer.list_topics(timeout=CONNECT_SECONDS).topics
        except client().KafkaException as error:
            producer.poll(0)
            raise BrokerAway(away_words(self._fault or error.args[0], self._address)) from error
        missing = {topic for topic in topics if topic not in found or found[topic].error is not None}
        return {
            topic: topic_words(topic, found[topic].error if topic in found else None, self._address)
            for topic in missing
        }

    def _deliver(self, producer: Producer, wave: KafkaWave, messages: Sequence[Message], deadline: float) -> None:
        """Produce the messages and wait for their reports; at the deadline, nothing of them stays queued."""
        for message in messages:
            try:
                producer.produce(
                    wave.topics[message.id],
                    message.data,
                    message.key,
                    headers=_headers(message),
                    on_delivery=partial(wave.report, message),
                )
            except client().KafkaException as error:
                wave.report(message, error.args[0], None)
            except BufferError:
                # The producer's queue holds 100,000 messages; the wave is sent in part.
                break
            else:
                wave.waiting.add(message.id)
        producer.flush(max(0.0, deadline - time.monotonic()))
        if wave.waiting:
            producer.purge()
            producer.flush(_PURGE_SECONDS)

    def _settings(self) -> dict[str, Any]:
        address, options = self._address, self._address.options
        sasl = options["sasl"] or ("PLAIN" if address.username else "")
        settings = {
            "bootstrap.servers": ",".join(
                f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in address.hosts
            ),
            "client.id": "doorbell",
            "security.protocol": ("SASL_" if sasl else "") + ("SSL" if address.tls else "PLAINTEXT"),
            "enable.idempotence": True,
            "acks": "all",
            "delivery.timeout.ms": int(DEADLINE_SECONDS * 1000),
            # Below the deadline, so that a silent broker is connected again within it.
            "socket.timeout.ms": int(DEADLINE_SECONDS * 1000 / 3),
            "socket.connection.setup.timeout.ms": int(CONNECT_SECONDS * 1000),
            "socket.keepalive.enable": True,
            "reconnect.backoff.max.ms": 1000,
            "topic.metadata.propagation.max.ms": int(CONNECT_SECONDS * 1000),
            "linger.ms": LINGER_MS,
            # As Java's clients and kafka-python, so that a key keeps its partition over a change of the client.
            "partitioner": "murmur2_random",
            "error_cb": self._on_error,
            "sasl.mechanism": sasl,
            "sasl.username": address.username if sasl else "",
            "sasl.password": address.password if sasl else "",
            "ssl.ca.location": options["ca_file"],
            "ssl.certificate.location": options["cert_file"],
            "ssl.key.location": options["key_file"],
        }
        return {name: value for name, value in settings.items() if value != ""}

    def _on_error(self, error: KafkaError) -> None:
        if is_more_telling(error, self._fault):
            self._fault = error


class _DebugLog:
    """librdkafka's own log, at debug: what matters of it is in the outcomes and in BrokerAway."""

    def log(self, _level: int, text: str, *values: str) -> None:
        log.debug("librdkafka reported", text=text % values)


def client() -> Any:
    """The module confluent_kafka. Raises ClientMissing."""
    try:
        import confluent_kafka
    except ImportError as error:
        raise ClientMissing(
            "confluent-kafka, the client of Kafka, is not installed. Run: pip install -r requirements/relay.txt"
        ) from error
    return confluent_kafka


def _headers(message: Message) -> list[tuple[str, str | bytes | None]]:
    attributes = dict(message.attributes)
    content_type = attributes.pop("datacontenttype")
    return [("content-type", content_type), *((f"ce_{name}", value) for name, value in attributes.items())]


def _check_files(options: Mapping[str, str]) -> None:
    """Load the files of TLS. Raises OSError. librdkafka would write what is wrong with them to stderr."""
    context = ssl.create_default_context(cafile=options["ca_file"] or None)
    if options["cert_file"]:
        context.load_cert_chain(options["cert_file"], options["key_file"] or None)
