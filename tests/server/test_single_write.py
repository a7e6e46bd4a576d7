"""Small responses that are sent by one write, over a kept connection."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
import redis

from webapp.server import response_head
from webapp.signals import publisher

from ..support.processes import Doorbell
from ..support.world import Service, World


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.start()
    yield doorbell
    doorbell.close()


def test_a_connection_carries_many_answers_from_memory_and_then_other_pages(
    doorbell: Doorbell, world: World, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    publisher.publish(redis_client, tenant, {"placed": None})
    headers = {"Cookie": doorbell.cookie(world.user(tenant))}
    connection = http.client.HTTPConnection("127.0.0.1", doorbell.port, timeout=10)
    connection.connect()
    socket = connection.sock
    kept = {"Connection": "keep-alive", "Server": "gunicorn"}
    for _ in range(3):
        connection.request("GET", "/panels?names=revenue,salespeople", headers=headers)
        answer = connection.getresponse()
        assert (answer.status, len(answer.read())) == (200, int(answer.headers["Content-Length"]))
        assert {name: answer.headers[name] for name in kept} == kept
        assert answer.headers.get_all("Date") is not None
        assert len(answer.headers.get_all("Date") or []) == 1
    connection.request("GET", "/panels/revenue", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.request("GET", "/panels/revenue", headers=headers | {"If-None-Match": answer.headers["ETag"]})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (304, b"")
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    assert connection.sock is socket, "guard: all on one connection"


def test_a_client_that_asks_for_it_gets_a_closed_connection(
    doorbell: Doorbell, world: World, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    publisher.publish(redis_client, tenant, {"placed": None})
    headers = {"Cookie": doorbell.cookie(world.user(tenant)), "Connection": "close"}
    for _ in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", doorbell.port, timeout=10)
        connection.request("GET", "/panels/revenue", headers=headers)
        answer = connection.getresponse()
        assert answer.headers["Connection"] == "close"
        assert len(answer.read()) == int(answer.headers["Content-Length"])


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "a\0b"])
def test_a_header_with_a_line_break_is_not_sent(value: str) -> None:
    with pytest.raises(ValueError, match="not a valid header"):
        response_head.encode([("Doorbell-As-Of", value)])
    assert response_head.encode([("Doorbell-As-Of", "12:00")]) == b"Doorbell-As-Of: 12:00\r\n", "guard"
