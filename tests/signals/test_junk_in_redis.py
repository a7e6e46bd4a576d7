"""Junk that another program writes into our Redis is logged, and affects only the tenant of its key."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
import redis
from flask import Flask

from webapp import create_app
from webapp.doctor import readiness
from webapp.doorbell import connection
from webapp.listener.heartbeat import LEADER_KEY, PROBE_KEY, Heartbeat
from webapp.outbox import drain
from webapp.services import services
from webapp.signals import publisher, signal_log
from webapp.signals.beat import Beat
from webapp.signals.signal import MAX_SEQ, Signal
from webapp.streams.generator_stream import GeneratorStream
from webapp.streams.hub import Hub
from webapp.streams.unreadable_messages import RESYNC_SECONDS

from ..conftest import config_for
from ..support.browser import Person
from ..support.processes import Doorbell
from ..support.signals import published
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")


def signal(**changes: Any) -> str:
    return json.dumps({"seq": int(time.time() * 1000), "topics": {"placed": None}, "users": {}, "at": 0} | changes)


JUNK: dict[str, str | bytes] = {
    "empty": "",
    "no json": "x",
    "null": "null",
    "a list": "[]",
    "nothing in it": "{}",
    "seq text": signal(seq="x"),
    "seq null": signal(seq=None),
    "seq huge": signal(seq=10**40),
    "seq of 5,000 digits": '{"seq": ' + "9" * 5_000 + ', "topics": {}, "users": {}, "at": 0}',
    "seq NaN": signal().replace('"at": 0', '"at": NaN'),
    "seq fraction": signal(seq=1.5),
    "seq true": signal(seq=True),
    "seq negative": signal(seq=-1),
    "at text": signal(at="x"),
    "at null": signal(at=None),
    "topics text": signal(topics="abc"),
    "topics null": signal(topics=None),
    "an unknown topic": signal(topics={"away": None}),
    "a topic with line breaks": signal(topics={"x\n\ndata: <p>injected</p>\n\nevent: y": None}),
    "ids text": signal(topics={"orders": ["a", 1]}),
    "ids a number": signal(topics={"orders": 5}),
    "ids nested": signal(topics={"orders": [[1]]}),
    "ids too large": signal(topics={"orders": [2**64]}),
    "too many ids": signal(topics={"orders": list(range(2_000))}),
    "ids of another topic": signal(topics={"revenue": [1]}),
    "users a list": signal(users=[1]),
    "users' topics a number": signal(users={"1": 5}),
    "users' topics text": signal(users={"1": "inbox"}),
    "users' topic unknown": signal(users={"1": ["x\ny"]}),
    "a user that is no number": signal(users={"²": ["inbox"]}),
    "a user of 5,000 digits": signal(users={"9" * 5_000: ["inbox"]}),
    "deep": "[" * 100_000,
    "deep inside": '{"seq": 1, "topics": ' + '{"orders": ' * 50_000,
    "not utf-8": b"\xff\xfe\xfa",
    "a megabyte": json.dumps({"seq": 1, "topics": {}, "users": {}, "at": 0, "more": "x" * 1_000_000}),
}


@pytest.fixture
def hub(service: Service) -> Iterator[Hub]:
    hub = services(create_app(config_for(service))).hub
    yield hub
    hub.close_all(0.0)


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_an_invalid_signal_is_a_value_error(junk: str | bytes) -> None:
    with pytest.raises(ValueError, match="not a valid signal"):
        Signal.parse(junk)


def test_a_valid_signal_is_parsed() -> None:
    text = '{"seq":7,"topics":{"orders":[1,2],"revenue":null},"users":{"3":["inbox"]},"at":5}'
    assert Signal.parse(text) == Signal(7, {"orders": [1, 2], "revenue": None}, {3: ["inbox"]}, 5)
    assert Signal.parse(text, 9).seq == 9


def test_junk_on_a_channel_makes_only_that_tenants_pages_resync(
    hub: Hub, world: World, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    struck, other = world.tenant("struck"), world.tenant("other")
    stream, guard = (GeneratorStream(tenant, world.user(tenant)) for tenant in (struck, other))
    for opened in (stream, guard):
        hub.open(opened, 0)
        opened.take_pending()
    for junk in JUNK.values():
        redis_client.publish(publisher.channel(struck), junk)
    assert eventually(lambda: (pending := stream.take_pending()) is not None and "resync" in pending.names)
    time.sleep(RESYNC_SECONDS + 0.2)  # one more, for the later junk
    assert eventually(lambda: (pending := stream.take_pending()) is not None and "resync" in pending.names)
    for tenant, opened in ((struck, stream), (other, guard)):
        publisher.publish(redis_client, tenant, {"placed": None})
        names = eventually(
            lambda opened=opened: (
                pending.names if (pending := opened.take_pending()) is not None and "placed" in pending.names else None
            )
        )
        # A hub that read the junk slowly resyncs the struck tenant once more.
        assert names == ["placed"] or opened is stream
        assert not opened.disconnected
    lines = [record.getMessage() for record in caplog.records if record.name == "doorbell.hub"]
    assert [text for text in lines if "redis is away" in text] == []
    (line,) = [text for text in lines if "a signal is unreadable; its tenant's pages resync" in text]
    assert f"tenant={struck}" in line


def test_junk_in_one_tenants_log_breaks_no_panel_page_or_signal(
    app: Flask, world: World, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    struck, other = world.tenant("struck"), world.tenant("other")
    people = [Person(app, world.user(tenant)) for tenant in (struck, other)]
    key = publisher.log_key(struck)

    def pages_work() -> None:
        for person in people:
            assert person.get("/panels/revenue").status_code == 200
            assert person.get("/").status_code == 200

    def replay(since: int) -> list[Signal] | None:
        return signal_log.read(redis_client, struck, since).since(since)

    for tenant in (struck, other):
        publisher.publish(redis_client, tenant, {"placed": None})
    pages_work()
    seq = signal_log.newest_seq(redis_client, struck)
    entries: tuple[Any, ...] = ({"signal": "junk"}, {"other": "x"}, {"other": "x", "signal": "[" * 5000})
    for n, fields in enumerate(entries, 1):
        redis_client.xadd(key, fields, id=f"{seq + n}-7")
        pages_work()
        with pytest.raises(ValueError, match="not a valid signal"):
            replay(seq)
    for junk in (b"text", {"a": "hash"}, ["a list"]):
        redis_client.delete(key)
        write(redis_client, key, junk)
        pages_work()
        assert publisher.publish(redis_client, struck, {"placed": None})
        pages_work()
    redis_client.delete(key)
    redis_client.xadd(key, {"signal": "x"}, id="18446744073709551615-18446744073709551614")
    pages_work()
    assert publisher.publish(redis_client, struck, {"placed": None}) < MAX_SEQ
    redis_client.xadd(key, {"signal": "x"}, id="18446744073709551615-18446744073709551615")
    redis_client.xtrim(key, maxlen=0)
    assert publisher.publish(redis_client, struck, {"placed": None}) < MAX_SEQ
    pages_work()
    assert "is away" not in caplog.text
    assert "Traceback" not in caplog.text


def write(client: redis.Redis, key: str, value: Any) -> None:
    """Replace a value under Redis's type for it, in one transaction: a running listener may write the key too."""
    with client.pipeline() as replace:
        replace.delete(key)
        if isinstance(value, dict):
            replace.hset(key, mapping=value)
        elif isinstance(value, list):
            replace.rpush(key, *value)
        else:
            replace.set(key, value)
        replace.execute()


KEYS = (publisher.HEARTBEAT_KEY, LEADER_KEY, PROBE_KEY, drain.PUBLISHED_KEY)
BAD_HEARTBEATS = (
    b"x",
    b"[]",
    b"{}",
    b"5",
    b"null",
    b"\xff",
    b"[" * 900,
    b"[" * 100_000,
    b'{"host": "a", "pid": 1, "at": "b"}',
    b'{"host": "a", "pid": 1, "at": NaN}',
    b'{"host": "a", "pid": 1, "at": 1e300}',
    b'{"host": "a\\nb", "pid": 1, "at": 1}',
    b'{"host": ["a"], "pid": 1, "at": 1}',
    b'{"host": "a", "pid": "1", "at": 1}',
)


@pytest.mark.parametrize("junk", [*BAD_HEARTBEATS, {"a": "hash"}, ["a list"]], ids=repr)
def test_an_invalid_heartbeat_key_stops_neither_pages_nor_the_leader(
    service: Service, redis_client: redis.Redis, junk: Any
) -> None:
    for key in KEYS:
        write(redis_client, key, junk)
    app = create_app(config_for(service))
    monitor = readiness.monitor_of(app, services(app).redis)
    assert monitor.health().parts["listener"].ok, "pages need only its presence; flask doctor reads the value"
    with connection.connect(service.database_url) as conn:
        beat = Heartbeat(conn, redis_client)
        beat.close()  # with a foreign value
        cursor = drain.open_cursor(conn, redis_client)
        beat.beat(cursor)
    assert Beat.parse(cast(Any, redis_client.get(KEYS[0]))).is_mine


def test_a_listener_leads_over_keys_of_wrong_types(doorbell: Doorbell, world: World, redis_client: redis.Redis) -> None:
    tenant = world.tenant()
    for key in (*KEYS, publisher.log_key(tenant)):
        write(redis_client, key, ["a list"])
    doorbell.listener.start()
    assert eventually(lambda: "listening" in doorbell.listener.log)
    for key in (*KEYS, publisher.log_key(tenant)):
        write(redis_client, key, {"a": "hash"})
    order = world.order(tenant)
    assert eventually(lambda: redis_client.type(publisher.log_key(tenant)) == b"stream")
    assert published(redis_client, tenant)[-1].topics["orders"] == [order]
    assert eventually(lambda: all(redis_client.type(key) == b"string" for key in (publisher.HEARTBEAT_KEY, LEADER_KEY)))
    assert eventually(lambda: redis_client.type(drain.PUBLISHED_KEY) == b"string")
    assert "is away" not in doorbell.listener.log
    assert "Traceback" not in doorbell.listener.log


def test_a_leader_keeps_leading_when_another_program_deletes_its_heartbeat(
    doorbell: Doorbell, world: World, redis_client: redis.Redis
) -> None:
    """The standby finds in PostgreSQL that the leader's session works, and logs the missing heartbeat."""
    listener = doorbell.listener
    listener.start()
    assert eventually(lambda: "listening" in listener.log)
    standby = doorbell.another_listener()

    def is_logged() -> bool:
        redis_client.delete(LEADER_KEY)
        return "the leader's heartbeat is missing; its session works" in standby.log

    assert eventually(is_logged, 30)
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        redis_client.delete(LEADER_KEY)
    assert "evicted" not in standby.log
    assert listener.log.count("listening") == 1
    order = world.order(tenant := world.tenant())
    assert eventually(lambda: [s.topics["orders"] for s in published(redis_client, tenant)] == [[order]])
