"""The example consumers of docs/relay/ apply each event once and in order, over a kill in the middle and over repeats."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from webapp.relay.message import Message
from webapp.relay.senders.base import Sender
from webapp.relay.senders.kafka import KafkaSender
from webapp.relay.senders.rabbitmq import RabbitmqSender

from ..support.brokers import kafka_topics, rabbitmq_queues
from ..support.brokers.kafka_server import KafkaServer
from ..support.brokers.rabbitmq_server import RabbitmqServer
from ..support.relay_messages import kinds, message
from ..support.wait import eventually

CONSUMERS = Path(__file__).parents[2] / "docs" / "relay"
ORDERS, WAVES = 30, 20


@contextlib.contextmanager
def consumer(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Runs while the block does; killed at its end."""
    command = [sys.executable, str(CONSUMERS / program), *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(count)]
    assert all(line.startswith(("applied", "repeat")) for line in lines), lines[-1] + process.stdout.read()
    return lines


def applied(path: Path) -> list[tuple[str, str]]:
    """The key and the id of each event, in the order of their application."""
    # The consumer writes all the time; the read waits for a gap, on a busy machine longer than the usual 5 s.
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as database:
        return database.execute("SELECT partition_key, id FROM applied ORDER BY rowid").fetchall()


def send(sender: Sender, waves: Sequence[Sequence[Message]]) -> None:
    for messages in waves:
        assert set(kinds(sender.send(messages))) == {"Acknowledged"}


def check_consumer(sender: Sender, path: Path, program: str, *arguments: str) -> None:
    """Half of the waves, a kill while they are applied, the rest with repeats and a replay, and a second consumer."""
    waves = [[message(order_id=order) for order in range(ORDERS)] for _ in range(WAVES)]
    everything = [each for messages in waves for each in messages]
    half = WAVES // 2
    with consumer(program, *arguments) as first:
        eventually(lambda: path.exists() and is_ready(sender))
        send(sender, waves[:half])
        read_lines(first, ORDERS * half // 2)
    assert len(applied(path)) >= ORDERS * half // 2
    repeats = waves[half - 1]
    replays = [replace(each, replay="r1") for each in waves[0]]
    with consumer(program, *arguments) as second:
        send(sender, [repeats, *waves[half:], replays])
        eventually(lambda: len(applied(path)) == len(everything), 60)
        last = {each.id for each in replays}
        while last:
            outcome, event_id, _ = read_lines(second, 1)[0].split()
            if outcome == "repeat":
                last.discard(event_id)
    found = applied(path)
    assert len(found) == len(everything)
    for order in range(ORDERS):
        key = f"acme/{order}"
        assert [event_id for each, event_id in found if each == key] == [
            each.id for each in everything if each.event.order_id == order
        ]


def is_ready(sender: Sender) -> bool:
    return bool(sender.check())


@pytest.mark.timeout(240)
def test_the_consumer_of_rabbitmq_applies_each_event_once_and_in_order(
    rabbitmq_server: RabbitmqServer, place: str, tmp_path: Path
) -> None:
    path = tmp_path / "applied.sqlite"
    sender = RabbitmqSender(rabbitmq_queues.address(rabbitmq_server, place))
    with rabbitmq_queues.Queues(rabbitmq_server) as queues:
        # As the consumer makes it, so that no event is sent before it exists.
        queues.declare(place, "*.order.*", single_active_consumer=True)
    check_consumer(sender, path, "consumer_rabbitmq.py", rabbitmq_server.url, place, str(path), place)
    sender.close()


@pytest.mark.timeout(240)
def test_the_consumer_of_kafka_applies_each_event_once_and_in_order(
    kafka_server: KafkaServer, place: str, tmp_path: Path
) -> None:
    path = tmp_path / "applied.sqlite"
    kafka_topics.create(kafka_server, place)
    sender = KafkaSender(kafka_topics.address(kafka_server, place))
    servers = f"{kafka_server.host}:{kafka_server.port}"
    check_consumer(sender, path, "consumer_kafka.py", servers, place, str(path), place)
    sender.close()
