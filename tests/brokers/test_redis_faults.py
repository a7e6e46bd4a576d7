"""Faults of Redis and Valkey: away, killed, stopped, out of memory, not allowed to write."""

from __future__ import annotations

import threading
import time

import pytest
import redis

from webapp.relay.address import parse
from webapp.relay.message import Message
from webapp.relay.senders.base import Acknowledged, BrokerAway
from webapp.relay.senders.redis_streams import RedisStreamsSender

from ..support.brokers.redis_server import RespServer
from ..support.brokers.redis_stream import RedisStream
from ..support.brokers.relay_events import message, page, positions
from ..support.wait import eventually

PAGES, PAGE = 150, 100


def send_until_acknowledged(sender: RedisStreamsSender, sent: list[Message], faults: list[str]) -> None:
    """As the relay does: the same page with the same ids again, after every fault."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            outcomes = sender.send(sent)
        except BrokerAway as away:
            faults.append(str(away))
            continue
        if all(isinstance(outcome, Acknowledged) for outcome in outcomes):
            return
        faults.append(str(outcomes[0]))
    raise AssertionError(f"not acknowledged: {faults[-1]}")


def test_a_kill_with_messages_in_flight_loses_and_doubles_nothing(
    new_server: RespServer, new_stream: RedisStream
) -> None:
    faults: list[str] = []
    sender = new_stream.sender()

    def send_all() -> None:
        for first in range(1, PAGES * PAGE, PAGE):
            send_until_acknowledged(sender, page(first, first + PAGE - 1), faults)

    worker = threading.Thread(target=send_all)
    worker.start()
    for length in (2_000, 8_000):
        eventually(lambda length=length: new_stream.client.xlen(new_stream.name) >= length, 60)
        new_server.restart()
    worker.join(90)
    assert not worker.is_alive()
    assert len(faults) >= 1
    assert new_stream.events == list(range(1, PAGES * PAGE + 1))


def test_out_of_memory_writes_no_part_of_a_page(new_stream: RedisStream) -> None:
    sender, client = new_stream.sender(), new_stream.client
    positions(sender.send(page(1, PAGE)))
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 400_000)
    first, seen = PAGE + 1, ""
    while not seen:
        try:
            positions(sender.send([message(sequence, data_bytes=1000) for sequence in range(first, first + PAGE)]))
            first += PAGE
        except BrokerAway as away:
            seen = str(away)
    assert "out of memory" in seen
    assert new_stream.events == list(range(1, first))
    client.config_set("maxmemory", 1)
    with pytest.raises(BrokerAway, match="out of memory"):
        sender.check()
    client.config_set("maxmemory", 0)
    positions(sender.send(page(first, first + PAGE - 1)))
    assert new_stream.events == list(range(1, first + PAGE))


def test_a_stopped_server_is_away_within_the_timeout_and_is_used_again_when_it_goes_on(
    new_server: RespServer, new_stream: RedisStream
) -> None:
    sender = new_stream.sender()
    positions(sender.send(page(1, 10)))
    with new_server.stop_for_a_while():
        begin = time.monotonic()
        with pytest.raises(BrokerAway, match="did not answer in time"):
            sender.send(page(11, 20))
        assert time.monotonic() - begin < 15
    send_until_acknowledged(sender, page(11, 20), [])
    assert new_stream.events == list(range(1, 21))


def test_a_server_that_is_away_is_used_again_when_it_returns(new_server: RespServer, new_stream: RedisStream) -> None:
    sender = new_stream.sender()
    positions(sender.send(page(1, 10)))
    new_server.kill()
    with pytest.raises(BrokerAway, match="Connection refused"):
        sender.check()
    new_server.start()
    positions(sender.send(page(11, 20)))
    assert new_stream.events == list(range(1, 21))


def test_a_replica_is_not_written_to(new_stream: RedisStream) -> None:
    new_stream.client.replicaof("127.0.0.1", "1")
    for use in (new_stream.sender().check, lambda: new_stream.sender().send(page(1, 1))):
        with pytest.raises(BrokerAway, match="read-only replica"):
            use()


def test_a_disk_that_takes_nothing_is_named(new_server: RespServer, new_stream: RedisStream) -> None:
    client = new_stream.client
    # The file cannot replace a directory.
    (new_server.directory / "dump.rdb").mkdir()
    client.config_set("save", "3600 1000000")
    client.bgsave()
    eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    with pytest.raises(BrokerAway, match="MISCONF"):
        new_stream.sender().send(page(1, 1))
    with pytest.raises(BrokerAway, match="MISCONF"):
        new_stream.sender().check()
    # Otherwise the server would try to save at its end.
    client.config_set("save", "")


def test_a_key_of_another_type_is_named(stream: RedisStream) -> None:
    stream.client.set(stream.name, "a text")
    for use in (stream.sender().check, lambda: stream.sender().send(page(1, 1))):
        with pytest.raises(BrokerAway, match="WRONGTYPE"):
            use()


def test_a_user_without_permissions_is_named_and_one_with_them_may_send(stream: RedisStream) -> None:
    port = stream.client.connection_pool.connection_kwargs["port"]
    stream.client.acl_setuser("reader", enabled=True, passwords=["+secret"], keys=["*"], commands=["+ping", "+xread"])
    rules = ["+@stream", "+@transaction", "+info"]
    stream.client.execute_command("ACL", "SETUSER", "writer", "on", ">secret", f"~{stream.name}", *rules)
    reader, writer = (
        RedisStreamsSender(parse(f"redis://{name}:secret@127.0.0.1:{port}?stream={stream.name}"), "")
        for name in ("reader", "writer")
    )
    for use in (reader.check, lambda: reader.send(page(1, 1))):
        with pytest.raises(BrokerAway, match="NOPERM"):
            use()
    assert "stream" in writer.check()
    assert len(positions(writer.send(page(1, 1)))) == 1


def test_a_message_of_an_error_has_no_part_of_an_event(new_stream: RedisStream) -> None:
    new_stream.client.config_set("maxmemory", 1)
    with pytest.raises(BrokerAway) as away:
        new_stream.sender().send(page(1, 1))
    assert "specversion" not in str(away.value)
    assert redis.OutOfMemoryError.__name__ not in str(away.value)
