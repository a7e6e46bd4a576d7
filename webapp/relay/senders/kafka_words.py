"""Errors of Kafka in words, and what they mean for a message. The codes are those of librdkafka's KafkaError."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

from ..address import Address
from .base import DEADLINE_SECONDS

_TOO_LARGE = ("MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_MSG_SIZE")
_NOT_VALID = ("INVALID_RECORD", "INVALID_TIMESTAMP")
_NO_TOPIC = ("_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_OR_PART", "TOPIC_EXCEPTION")
_NO_RIGHT = ("TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED")
_PURGED = ("_PURGE_QUEUE", "_PURGE_INFLIGHT", "_MSG_TIMED_OUT")
# The later in the row, the more it explains; each failed attempt ends with "all brokers down".
_TELLING = ("_ALL_BROKERS_DOWN", "_TRANSPORT", "_RESOLVE", "_SSL", "_AUTHENTICATION")
_REMEDIES = {
    "_RESOLVE": "Check the names of the hosts.",
    "_SSL": "Check the port, ca_file, cert_file and key_file.",
    "_AUTHENTICATION": "Check the user name, the password and the option sasl.",
}


def is_too_large(error: KafkaError) -> bool:
    """Whether the broker refused the message, or the batch that it was in, for its size."""
    return error.name() in _TOO_LARGE


def is_refusal(error: KafkaError) -> bool:
    """Whether the broker will never accept the message as it is."""
    return error.name() in _TOO_LARGE + _NOT_VALID


def is_of_topic(error: KafkaError) -> bool:
    """Whether the topic cannot be written to, so that the message has not been accepted."""
    return error.name() in _NO_TOPIC + _NO_RIGHT


def is_denied(error: KafkaError) -> bool:
    """Whether the producer got no id from the cluster, without which it sends nothing."""
    return error.fatal() and error.name() in _NO_RIGHT


def is_more_telling(error: KafkaError, than: KafkaError | None) -> bool:
    """Whether an error of a connection explains an outage better than an earlier one."""
    return than is None or error.fatal() or _rank(error) >= _rank(than)


def away_words(error: KafkaError, address: Address) -> str:
    """An error of connecting as a sentence with the remedy, without secrets."""
    if error.name() in _NO_RIGHT:
        return (
            f"Kafka at {address.place} refused: {_text(error, address)}. Allow the user IdempotentWrite on the cluster."
        )
    remedy = _REMEDIES.get(
        error.name(), "Check that the brokers run, their ports, whether they speak TLS, and advertised.listeners."
    )
    return f"Kafka at {address.place} cannot be used: {_text(error, address)}. {remedy}"


def topic_words(topic: str, error: KafkaError | None, address: Address) -> str:
    """Why a topic cannot be written to, with the remedy."""
    if error is not None and error.name() in _NO_RIGHT:
        return f"Kafka at {address.place} refused to write to the topic {topic}. Allow the user Write on it with kafka-acls.sh"
    if error is not None and error.name() not in _NO_TOPIC:
        return f"Kafka at {address.place} does not offer the topic {topic}: {_text(error, address)}"
    return (
        f"Kafka at {address.place} has no topic {topic}. Create it with: kafka-topics.sh --create --topic {topic} "
        "--partitions 6 --replication-factor 3"
    )


def message_words(error: KafkaError, address: Address, size: int) -> str:
    """Why a message was refused or is unclear. `size` is its bytes."""
    if is_too_large(error):
        return f"the message has {size} bytes, more than the topic's max.message.bytes or the client's 1,000,000"
    if error.name() in _PURGED:
        return f"Kafka at {address.place} sent no acknowledgement within {DEADLINE_SECONDS:.0f} s"
    return f"Kafka at {address.place} did not acknowledge the message: {_text(error, address)}"


def _text(error: KafkaError, address: Address) -> str:
    text = error.str().strip().rstrip(".")
    return text.replace(address.password, "…") if address.password else text


def _rank(error: KafkaError) -> int:
    return _TELLING.index(error.name()) if error.name() in _TELLING else -1
