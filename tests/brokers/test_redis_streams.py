"""Pages of the relay in streams of Redis and Valkey."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from webapp.relay.address import parse
from webapp.relay.senders.base import Acknowledged, BrokerAway, Refused
from webapp.relay.senders.redis_streams import RedisStreamsSender

from ..support.brokers.redis_server import RedisServer, RespServer
from ..support.brokers.redis_stream import RedisStream
from ..support.brokers.relay_events import message, page, positions
from ..support.redis_servers import TlsFront

FIRST_ID = 10**12


def test_a_page_is_in_the_stream_in_its_order_with_fields_to_filter_by(stream: RedisStream) -> None:
    sent = page(1, 500)
    outcomes = stream.sender().send(sent)
    assert positions(outcomes) == stream.ids == [f"{FIRST_ID + sequence}-0" for sequence in range(1, 501)]
    for one, (_, fields) in zip(sent, stream.entries(), strict=True):
        assert fields == {"event": one.structured.decode(), "id": one.id, "type": "paid", "key": one.key}


def test_the_events_of_an_order_keep_their_order(stream: RedisStream) -> None:
    sender = stream.sender()
    for first in range(1, 301, 100):
        positions(sender.send(page(first, first + 99)))
    by_key: dict[str, list[str]] = {}
    for _, fields in stream.entries():
        by_key.setdefault(fields["key"], []).append(json.loads(fields["event"])["sequence"])
    assert len(by_key) == 5
    assert all(sequences == sorted(sequences) for sequences in by_key.values())


def test_a_name_with_a_tenant_and_a_type_leads_to_several_streams(stream: RedisStream) -> None:
    base = stream.name
    stream.name = f"{base}:{{tenant}}:{{type}}"
    sent = [
        message(1, tenant="acme"),
        message(2, tenant="zoo"),
        message(3, tenant="acme", type="shipped"),
        message(4, tenant="acme"),
    ]
    sender = stream.sender()
    assert len(positions(sender.send(sent))) == 4
    assert positions(sender.send(sent)) == [f"{FIRST_ID + sequence}-0" for sequence in (1, 2, 3, 4)]
    expected = {"acme:paid": [1, 4], "zoo:paid": [2], "acme:shipped": [3]}
    for rest, events in expected.items():
        stream.name = f"{base}:{rest}"
        assert stream.events == events


def test_maxlen_trims_the_stream_about_to_its_length(stream: RedisStream) -> None:
    sender = stream.sender("&maxlen=100")
    for first in range(1, 2001, 500):
        positions(sender.send(page(first, first + 499)))
    assert 100 <= len(stream.ids) < 500
    assert stream.events[-1] == 2000


def test_without_hosts_the_stream_is_in_doorbells_own_redis(redis_server: RedisServer, place: str) -> None:
    sender = RedisStreamsSender(parse(f"redis:///?stream={place}"), redis_server.url)
    assert positions(sender.send(page(1, 2))) == [f"{FIRST_ID + 1}-0", f"{FIRST_ID + 2}-0"]
    assert RedisStream(redis_server.url, place).events == [1, 2]


def test_a_closed_sender_can_be_used_again(stream: RedisStream) -> None:
    sender = stream.sender()
    positions(sender.send(page(1, 1)))
    sender.close()
    positions(sender.send(page(2, 2)))
    assert stream.events == [1, 2]


def test_a_message_that_is_too_large_is_refused_with_the_later_ones_of_its_order(new_stream: RedisStream) -> None:
    new_stream.client.config_set("proto-max-bulk-len", 2**20)
    sent = [message(1, order=1), message(2, order=2, data_bytes=2**20), message(3, order=2), message(4, order=1)]
    first, large, held, last = new_stream.sender().send(sent)
    assert isinstance(first, Acknowledged)
    assert isinstance(last, Acknowledged)
    assert isinstance(large, Refused)
    assert "proto-max-bulk-len" in large.reason
    assert isinstance(held, Refused)
    assert large.reason != held.reason
    assert new_stream.events == [1, 4]


def test_the_check_names_the_server_and_the_stream_and_writes_nothing(stream: RedisStream) -> None:
    assert stream.sender().check().endswith(f"stream {stream.name} with 0 entries")
    assert stream.client.exists(stream.name) == 0
    positions(stream.sender().send(page(1, 3)))
    description = stream.sender().check()
    assert description.startswith(("Redis 6.2.", "Valkey 9."))
    assert description.endswith(f"stream {stream.name} with 3 entries")


def test_the_check_warns_of_a_redis_that_may_delete_the_stream(new_stream: RedisStream) -> None:
    new_stream.client.config_set("maxmemory", 2**30)
    assert "warning" not in new_stream.sender().check()
    new_stream.client.config_set("maxmemory-policy", "allkeys-lru")
    assert "warning: maxmemory-policy allkeys-lru may delete the stream" in new_stream.sender().check()


def test_tls_with_an_own_certificate_needs_the_ca_file(redis_server: RedisServer, place: str, tmp_path: Path) -> None:
    front = TlsFront(tmp_path, redis_server.port)
    try:
        url = f"rediss://localhost:{front.port}?stream={place}"
        with pytest.raises(BrokerAway, match="certificate"):
            RedisStreamsSender(parse(url), "").send(page(1, 1))
        trusting = RedisStreamsSender(parse(f"{url}&ca_file={front.certificate}"), "")
        assert positions(trusting.send(page(1, 1))) == [f"{FIRST_ID + 1}-0"]
        trusting.close()
    finally:
        front.close()


def test_an_error_has_no_password(new_server: RespServer, new_stream: RedisStream) -> None:
    new_stream.client.config_set("requirepass", "right-secret")
    addresses = {
        f"redis://:wrong-secret@127.0.0.1:{new_server.port}": "WRONGPASS",
        f"redis://127.0.0.1:{new_server.port}": "NOAUTH",
        "redis://user:wrong-secret@127.0.0.1:1": "Connection refused",
        "redis://user:wrong-secret@no-such-host.invalid:6379": "no connection",
    }
    for url, words in addresses.items():
        sender = RedisStreamsSender(parse(f"{url}?stream=s"), "")
        for use in (sender.check, lambda sender=sender: sender.send(page(1, 1))):
            with pytest.raises(BrokerAway, match=words) as away:
                use()
            assert "secret" not in str(away.value)
    right = RedisStreamsSender(parse(f"redis://:right-secret@127.0.0.1:{new_server.port}?stream=s"), "")
    assert len(positions(right.send(page(1, 1)))) == 1
