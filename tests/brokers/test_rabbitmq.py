"""The outcomes of the sender of RabbitMQ, for each answer of a real broker: confirmed, returned, rejected."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import cast

import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from webapp.relay.address import parse
from webapp.relay.senders.base import Acknowledged, BrokerAway, ClientMissing, Refused, Sender, Unclear
from webapp.relay.senders.rabbitmq import RabbitmqSender
from webapp.relay.senders.rabbitmq_words import virtual_host

from ..support.brokers.rabbitmq_queues import Queues, address, control
from ..support.brokers.rabbitmq_server import RabbitmqServer
from ..support.relay_messages import kinds, message, wave


@pytest.fixture
def queues(rabbitmq_server: RabbitmqServer) -> Iterator[Queues]:
    with Queues(rabbitmq_server) as queues:
        yield queues


@pytest.fixture
def sender(rabbitmq_server: RabbitmqServer, place: str) -> Iterator[RabbitmqSender]:
    """To the exchange `place`."""
    sender = RabbitmqSender(address(rabbitmq_server, place))
    yield sender
    sender.close()


def test_a_wave_is_confirmed_and_keeps_its_order(sender: RabbitmqSender, queues: Queues, place: str) -> None:
    queues.declare(place, "#")
    messages = wave(500)
    assert set(sender.send(messages)) == {Acknowledged(f"exchange {place}, key acme.order.paid")}
    assert queues.ids(place) == [each.id for each in messages]


def test_an_empty_wave_has_no_outcomes(sender: RabbitmqSender, queues: Queues, place: str) -> None:
    queues.declare(place)
    assert sender.send([]) == []


def test_messages_are_persistent_cloudevents_in_binary_mode(sender: RabbitmqSender, queues: Queues, place: str) -> None:
    queues.declare(place, "#")
    sent = message("shipped")
    sender.send([sent])
    [received] = queues.read(place)
    properties = received.properties
    assert (properties["delivery_mode"], properties["message_id"], properties["type"]) == (
        2,
        sent.id,
        "doorbell.order.shipped",
    )
    assert properties["timestamp"] == int(sent.event.occurred_at.timestamp())
    headers = properties["application_headers"]
    content = {"content-type": properties["content_type"]}
    event = from_binary(AMQPMessage(content, headers, received.body), JSONFormat())
    attributes = event.get_attributes()
    assert attributes.pop("time") == sent.event.occurred_at
    assert attributes == {name: value for name, value in sent.attributes.items() if name != "time"}
    data = cast("dict[str, object]", event.get_data())
    assert (data["event_id"], data["number"], data["amount_minor"]) == (sent.event.id, sent.number, 12_45)


def test_a_message_without_a_queue_is_refused_and_the_others_go_on(
    sender: RabbitmqSender, queues: Queues, place: str
) -> None:
    queues.declare(place, "*.order.paid")
    paid, lost, also_paid = message(), message("shipped"), message()
    outcomes = sender.send([paid, lost, also_paid])
    assert kinds(outcomes) == ["Acknowledged", "Refused", "Acknowledged"]
    assert isinstance(outcomes[1], Refused)
    assert f"no queue is bound to the exchange {place} for the routing key acme.order.shipped" in outcomes[1].reason
    assert queues.ids(place) == [paid.id, also_paid.id]


def test_a_wave_of_returned_messages_does_not_fill_the_buffers_of_both_sides(
    sender: RabbitmqSender, queues: Queues, place: str
) -> None:
    queues.declare(place)
    messages = [message(size=50_000) for _ in range(400)]
    assert kinds(sender.send(messages)) == ["Refused"] * 400


def test_a_missing_exchange_is_an_outage_with_the_command_that_declares_it(
    sender: RabbitmqSender, queues: Queues, place: str
) -> None:
    for use in (sender.check, lambda: sender.send(wave(3))):
        with pytest.raises(BrokerAway) as caught:
            use()
        assert f"has no exchange {place}" in str(caught.value)
        assert f"declare exchange name={place} type=topic durable=true" in str(caught.value)
    queues.declare(place, "#")
    assert sender.check() == f"RabbitMQ {server_version(sender)}, virtual host /, exchange {place}"
    assert kinds(sender.send(wave(3))) == ["Acknowledged"] * 3


def test_an_exchange_that_is_deleted_is_noticed_by_the_next_wave(
    sender: RabbitmqSender, queues: Queues, place: str
) -> None:
    queues.declare(place, "#")
    assert kinds(sender.send(wave(1))) == ["Acknowledged"]
    queues.channel.exchange_delete(place)
    with pytest.raises(BrokerAway, match=f"has no exchange {place}"):
        sender.send(wave(3))


def test_the_missing_exchange_of_one_tenant_does_not_hold_the_others(
    rabbitmq_server: RabbitmqServer, queues: Queues, place: str
) -> None:
    sender = RabbitmqSender(address(rabbitmq_server, f"{place}_{{tenant}}"))
    queues.declare(f"{place}_acme", "#")
    outcomes = sender.send([message(tenant="other"), message(), message(tenant="other"), message()])
    assert kinds(outcomes) == ["Unclear", "Acknowledged", "Unclear", "Acknowledged"]
    assert isinstance(outcomes[0], Unclear)
    assert f"has no exchange {place}_other" in outcomes[0].reason
    sender.close()


def test_a_message_above_the_brokers_limit_is_refused_and_the_others_go_on(
    rabbitmq_server: RabbitmqServer, sender: RabbitmqSender, queues: Queues, place: str
) -> None:
    queues.declare(place, "#")
    control(rabbitmq_server, "eval", "application:set_env(rabbit, max_message_size, 10000).")
    try:
        small = [message(), message(), message()]
        outcomes = sender.send([small[0], message(size=20_000), small[1], message(size=30_000), small[2]])
    finally:
        control(rabbitmq_server, "eval", "application:set_env(rabbit, max_message_size, 134217728).")
    assert kinds(outcomes) == ["Acknowledged", "Refused", "Acknowledged", "Refused", "Acknowledged"]
    assert isinstance(outcomes[1], Refused)
    assert outcomes[1].reason.endswith("the broker's max_message_size is 10000")
    assert set(queues.ids(place)) == {each.id for each in small}


def test_a_routing_key_that_amqp_cannot_hold_is_refused(sender: RabbitmqSender, queues: Queues, place: str) -> None:
    queues.declare(place, "#")
    outcomes = sender.send([message(tenant="t" * 300), message()])
    assert kinds(outcomes) == ["Refused", "Acknowledged"]


def test_a_full_queue_that_rejects_is_an_outage(sender: RabbitmqSender, queues: Queues, place: str) -> None:
    queues.declare(place, "*.order.paid", queue_type="classic", max_length=1, overflow="reject-publish")
    assert kinds(sender.send([message()])) == ["Acknowledged"]
    with pytest.raises(BrokerAway, match="overflow=reject-publish is full"):
        sender.send(wave(3))
    queues.declare(f"{place}_other", "*.order.shipped", exchange=place)
    assert kinds(sender.send([message(), message("shipped")])) == ["Unclear", "Acknowledged"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("amqp://guest:wrong-secret@{place}", "refused the sign-in. Check the user name and the password"),
        ("amqp://{credentials}@{place}/no%2Fsuch", "refused the virtual host 'no/such'"),
        ("amqps://{credentials}@{place}", "TLS with RabbitMQ at"),
        ("amqps://{credentials}@{place}?ca_file=/no/such.pem", "A file of the address cannot be read"),
        ("amqp://{credentials}@127.0.0.1:1", "cannot be reached: Connection refused"),
        ("amqp://{credentials}@no-such-host.invalid", "has no address"),
    ],
)
def test_a_connection_that_cannot_be_made_is_an_outage_in_words(
    rabbitmq_server: RabbitmqServer, url: str, words: str
) -> None:
    place = f"{rabbitmq_server.host}:{rabbitmq_server.port}"
    sender: Sender = RabbitmqSender(parse(url.format(place=place, credentials=rabbitmq_server.credentials)))
    for use in (sender.check, lambda: sender.send([message()])):
        with pytest.raises(BrokerAway) as caught:
            use()
        assert words in str(caught.value)
        password = rabbitmq_server.credentials.partition(":")[2]
        assert "secret" not in str(caught.value)
        assert f":{password}@" not in str(caught.value)


def test_a_user_without_the_right_to_write_is_an_outage_in_words(
    rabbitmq_server: RabbitmqServer, queues: Queues, place: str
) -> None:
    queues.declare(place, "#")
    control(rabbitmq_server, "add_user", place, "a-secret")
    control(rabbitmq_server, "set_permissions", "-p", "/", place, "", "", "")
    port = rabbitmq_server.port
    sender = RabbitmqSender(parse(f"amqp://{place}:a-secret@127.0.0.1:{port}?exchange={place}"))
    with pytest.raises(BrokerAway) as caught:
        sender.send(wave(3))
    assert "Allow it with: rabbitmqctl set_permissions" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "name"),
    [("", "/"), ("/", "/"), ("/%2F", "/"), ("/%2f", "/"), ("/shop", "shop"), ("/a%2Fb", "a/b"), ("/a%20b", "a b")],
)
def test_the_virtual_host_is_the_path_without_its_slash(path: str, name: str) -> None:
    assert virtual_host(parse(f"amqp://host{path}")) == name


def test_another_virtual_host_is_used(rabbitmq_server: RabbitmqServer, place: str) -> None:
    control(rabbitmq_server, "add_vhost", f"a/{place}")
    control(rabbitmq_server, "set_permissions", "-p", f"a/{place}", "guest", ".*", ".*", ".*")
    sender = RabbitmqSender(parse(f"{rabbitmq_server.url}/a%2F{place}?exchange=amq.topic"))
    assert sender.check().endswith(f"virtual host a/{place}, exchange amq.topic")
    assert kinds(sender.send([message()])) == ["Refused"]
    sender.close()


def test_a_missing_client_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "amqp", None)
    sender = RabbitmqSender(parse("amqp://127.0.0.1:1"))
    with pytest.raises(ClientMissing, match=r"pip install -r requirements/relay\.txt"):
        sender.send([message()])


def server_version(sender: RabbitmqSender) -> str:
    return sender.check().split(",")[0].removeprefix("RabbitMQ ")
