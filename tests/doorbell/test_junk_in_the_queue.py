"""Junk in Celery's queue in Redis: the worker ignores what other programs put there, and runs its tasks."""

from __future__ import annotations

import base64
import copy
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.message_guard import NO_ARGUMENTS, QUEUE, validated
from tasks.schedule import EVERY, REFRESH_ROLLUPS
from webapp.events.topics import ROLLUPS
from webapp.listener.catch_up import drain_without_leader
from webapp.signals import publisher

from ..support.processes import Doorbell, Process
from ..support.signals import topics
from ..support.wait import eventually
from ..support.world import Service, World

TASK_ID = "5881d89c-be1e-4834-a772-38caefba9c4e"


def encoded(body: Any) -> str:
    return base64.b64encode(json.dumps(body).encode()).decode()


def message(**headers: Any) -> dict[str, Any]:
    """A message as Celery sends it."""
    return {
        "body": encoded(NO_ARGUMENTS),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": REFRESH_ROLLUPS, "id": TASK_ID, "eta": None, "expires": None} | headers,
        "properties": {
            "correlation_id": TASK_ID,
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": TASK_ID,
        },
    }


def without(*names: str) -> dict[str, Any]:
    changed = message()
    for name in names:
        changed.pop(name, None)
        changed.get("headers", {}).pop(name, None)
    return changed


STRUCTURED: list[Any] = [
    [],
    {},
    "x",
    1,
    None,
    [1, 2],
    without("headers"),
    without("body"),
    without("task"),
    without("id"),
    message(id=None),
    message(id=["a"]),
    message(id="x" * 100_000),
    message(task="tasks.none.such"),
    message(task="celery.backend_cleanup"),
    message(task=None),
    message(task=["a"]),
    message(expires="yesterday"),
    message(expires=5),
    message(expires="2026-11-26T11:40:06"),
    message(eta="2026-11-26T11:40:06+00:00"),
    message(eta={"a": 1}),
    message() | {"headers": []},
    message() | {"body": "not base64"},
    message() | {"body": encoded([[1], {}, NO_ARGUMENTS[2]])},
    message() | {"body": encoded([[], {"a": 1}, NO_ARGUMENTS[2]])},
    message() | {"body": encoded([[], {}, {"callbacks": [{"task": REFRESH_ROLLUPS}]}])},
    message() | {"body": encoded(7)},
    message() | {"body": base64.b64encode(b"[" * 5_000).decode()},
    message() | {"body": "A" * 1_000_000},
]
# Celery would read these fields and crash. Doorbell reads only name, id and expiry, so these are normal tasks.
HARMLESS: list[Any] = [
    without("properties"),
    message() | {"properties": []},
    message() | {"properties": {"delivery_tag": {"a": 1}}},
    message() | {"content-type": "application/x-python-serialize"},
    message() | {"content-encoding": "no such"},
    message(timelimit="soon"),
    message(retries="many"),
    message(compression="zlib"),
    message(root_id={"a": 1}),
]
TEXTS = (b"junk", b"", b"\xff\xfe", b"[" * 100_000, b"NaN", b'{"__type__": "datetime", "__value__": 5}', b"9" * 10_000)


@pytest.mark.parametrize("junk", STRUCTURED, ids=lambda junk: json.dumps(junk)[:60])
def test_a_message_that_doorbell_does_not_send_is_refused(junk: Any) -> None:
    with pytest.raises(ValueError, match="not a message from Doorbell"):
        validated(junk)


def test_only_name_id_and_expiry_of_a_message_are_read() -> None:
    sent = message(expires="2026-11-26T11:40:06+00:00", timelimit="soon", shadow={"a": 1})
    seen = validated(copy.deepcopy(sent))
    assert {name: seen["headers"][name] for name in ("task", "id", "expires", "timelimit")} == {
        "task": REFRESH_ROLLUPS,
        "id": TASK_ID,
        "expires": "2026-11-26T11:40:06+00:00",
        "timelimit": [None, None],
    }
    assert seen["properties"]["delivery_tag"] != sent["properties"]["delivery_tag"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(["body", "headers", "properties", "content-type", "task", "id", "expires", "eta", "retries"]), JSON
)
def test_any_value_in_any_field_is_refused_or_harmless(name: str, value: Any) -> None:
    junk = message()
    (junk if name in junk else junk["headers"])[name] = value
    try:
        ours = validated(junk)
    except ValueError:
        return
    assert ours["headers"]["task"] in EVERY


@pytest.fixture
def worker(service: Service, world: World) -> Iterator[Process]:
    doorbell = Doorbell(service)
    options = ("--pool=threads", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=WARNING")
    process = doorbell.process(sys.executable, "-m", "celery", "-q", "-A", "tasks.app", "worker", *options)
    yield process
    doorbell.close()


@pytest.mark.faults
def test_no_junk_in_the_queue_ends_the_worker(
    worker: Process, world: World, redis_client: redis.Redis, service: Service
) -> None:
    tenant = world.tenant()
    drain_without_leader(service.database_url, redis_client)

    def works() -> bool:
        """Whether tasks run: a new order is counted, and its tenant gets a signal."""
        # Before the order: a task of the messages before may count it at once.
        redis_client.delete(publisher.log_key(tenant))
        world.order(tenant)
        redis_client.lpush(QUEUE, json.dumps(message()))
        counted = "SELECT (SELECT count(*) FROM orders) = (SELECT sum(orders) FROM rollups_daily)"
        eventually(lambda: world.conn.execute(counted).fetchone() == (True,), 60)
        return eventually(lambda: ROLLUPS in topics(redis_client, tenant), 60)

    redis_client.set(QUEUE, "of another type")
    redis_client.hset("unacked", "a", "b")
    redis_client.set("_kombu.binding.doorbell", "of another type")
    worker.start()
    eventually(lambda: redis_client.type(QUEUE) in (b"none", b"list") or not worker.running, 30)
    assert worker.running, worker.log
    assert works()
    texts: list[str | bytes] = [*TEXTS, *(json.dumps(junk) for junk in (*STRUCTURED, *HARMLESS))]
    for junk in texts:
        redis_client.lpush(QUEUE, junk)
    assert works()
    redis_client.delete(QUEUE)
    redis_client.hset(QUEUE, "of", "another type")
    assert eventually(lambda: redis_client.type(QUEUE) in (b"none", b"list"), 30)
    assert works()
    assert worker.running
    assert "Traceback" not in worker.log
    assert worker.log.count("a message in the queue is invalid; skipping it") == 1


def test_the_worker_ignores_remote_control(
    worker: Process, world: World, service: Service, redis_client: redis.Redis
) -> None:
    """Otherwise `app.control.shutdown()` of any Celery that can reach Redis would end it."""
    tenant = world.tenant()
    world.order(tenant)
    worker.start()
    assert eventually(lambda: ROLLUPS in topics(redis_client, tenant), 60)
    stranger = Celery("stranger", broker=service.redis_url)
    stranger.control.shutdown()
    assert stranger.control.ping(timeout=2) == []
    assert worker.running
