"""Streams that open before Flask: with the same bytes, after the same checks, and only in the usual case."""

from __future__ import annotations

import socket
import urllib.parse
import urllib.request
from collections.abc import Callable

import pytest
import redis

from webapp.signals import publisher

from ..support.processes import Doorbell
from ..support.raw_stream import Raw, Start, events, metrics
from ..support.wait import eventually
from ..support.world import World

pytestmark = pytest.mark.usefixtures("heartbeat")

COUNTED = "tests.support.apps.flask_streams_web:app"
# Opened by Flask.
UNUSUAL = "/stream?since=0&x=1"
Ask = Callable[..., bytes]


def flask_streams(doorbell: Doorbell, cookie: str) -> int:
    """The requests for a stream that Flask has handled."""
    asked = urllib.request.Request(doorbell.url + "/flask-streams", headers={"Cookie": cookie})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
        return int(answer.read())


def first_bytes(doorbell: Doorbell, target: str, *headers: str, method: str = "GET") -> bytes:
    """The head of an answer, and what came with it up to the end of the first event, or of the answer."""
    with socket.create_connection(("127.0.0.1", doorbell.port), 10) as asking:
        lines = (f"{method} {target} HTTP/1.1", "Host: board", "Connection: close", *headers, "", "")
        asking.sendall("\r\n".join(lines).encode())
        got = b""
        while not got.partition(b"\r\n\r\n")[2].endswith(b"\n\n"):
            part = asking.recv(4096)
            if not part:
                break
            got += part
    return got


def head(got: bytes) -> list[bytes]:
    """The status and the headers without their date, sorted: their order has no meaning."""
    lines = got.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [lines[0], *sorted(line for line in lines[1:] if not line.startswith(b"Date: "))]


@pytest.mark.parametrize("secure", ["0", "1"])
def test_it_has_the_status_and_headers_of_the_stream_that_flask_opens(start: Start, world: World, secure: str) -> None:
    doorbell = start(app=COUNTED, COOKIE_SECURE=secure)
    first = first_bytes(doorbell, UNUSUAL, f"Cookie: {doorbell.cookie(world.user(world.tenant()))}")
    name = doorbell.cookie_name
    cookie = f"{name}=" + first.partition(f"Set-Cookie: {name}=".encode())[2].partition(b";")[0].decode()
    by_flask = first_bytes(doorbell, UNUSUAL, f"Cookie: {cookie}")
    assert flask_streams(doorbell, cookie) == 2
    before_flask = first_bytes(doorbell, "/stream?since=0", f"Cookie: {cookie}")
    assert flask_streams(doorbell, cookie) == 2, "guard: Flask had no part in it"
    assert head(before_flask) == head(by_flask)
    assert any(line.startswith(b"Content-Security-Policy: ") for line in head(before_flask))
    assert [name for name, _, _ in events(before_flask)] == [name for name, _, _ in events(by_flask)] == ["hello"]


def test_requests_are_counted_alike(start: Start, world: World) -> None:
    doorbell = start()
    cookie = doorbell.cookie(world.user(world.tenant()))
    for _ in range(3):
        first_bytes(doorbell, "/stream", f"Cookie: {cookie}")
    labels = {"endpoint": "stream.stream", "method": "GET", "status": "2xx"}
    assert metrics(doorbell).value("doorbell_http_requests_total", **labels) == 3


@pytest.mark.parametrize(
    ("target", "header", "names"),
    [
        ("/stream?since={old}&user={user}", None, ["hello", "placed"]),
        ("/stream?since={new}", None, ["hello"]),
        ("/stream?since={new}", "Last-Event-ID: {old}", ["hello", "placed"]),
        ("/stream?since={old}", "Last-Event-ID: {new}", ["hello"]),
        ("/stream", None, ["hello", "resync"]),
        ("/stream?since={old}", "Last-Event-ID: junk", ["hello", "resync"]),
    ],
)
def test_it_replays_what_the_page_missed(
    start: Start, world: World, redis_client: redis.Redis, target: str, header: str | None, names: list[str]
) -> None:
    doorbell = start(app=COUNTED)
    tenant = world.tenant()
    user = world.user(tenant)
    cookie = doorbell.cookie(user)
    old = publisher.publish(redis_client, tenant, {"day": None})
    new = publisher.publish(redis_client, tenant, {"placed": None})
    page = {"old": old, "new": new, "user": user}
    headers = [f"Cookie: {cookie}", *([header.format(**page)] if header else [])]
    got = first_bytes(doorbell, target.format(**page), *headers)
    assert flask_streams(doorbell, cookie) == 0, "guard: no stream came through Flask"
    assert [name for name, _, _ in events(got)] == names


@pytest.mark.parametrize("query", ["since=0&x=1", "user={user}&since=0", "since=0&since=1", "since=%30", "since=-1"])
def test_an_unusual_query_is_left_to_flask(start: Start, world: World, query: str) -> None:
    doorbell = start(app=COUNTED)
    user = world.user(world.tenant())
    cookie = doorbell.cookie(user)
    for count in (1, 2):
        got = first_bytes(doorbell, "/stream?" + query.format(user=user), f"Cookie: {cookie}")
        assert got.startswith(b"HTTP/1.1 200 OK")
        assert flask_streams(doorbell, cookie) == count


def test_the_page_of_another_user_gets_no_stream(start: Start, world: World) -> None:
    doorbell = start()
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    cookie = f"Cookie: {doorbell.cookie(ana)}"
    assert first_bytes(doorbell, f"/stream?since=0&user={ana}", cookie).startswith(b"HTTP/1.1 200 OK")
    assert first_bytes(doorbell, f"/stream?since=0&user={ben}", cookie).startswith(b"HTTP/1.1 409 ")
    assert first_bytes(doorbell, "/stream?since=0", cookie, f"Doorbell-User: {ben}").startswith(b"HTTP/1.1 409 ")
    assert first_bytes(doorbell, "/stream?since=0", cookie, f"Doorbell-User: {ana}").startswith(b"HTTP/1.1 200 OK")


def test_head_is_left_to_flask_and_opens_no_stream(start: Start, world: World) -> None:
    doorbell = start(app=COUNTED)
    cookie = doorbell.cookie(world.user(world.tenant()))
    first_bytes(doorbell, "/stream", f"Cookie: {cookie}")
    assert eventually(lambda: metrics(doorbell).total("doorbell_streams_open") == 0)
    assert first_bytes(doorbell, "/stream", f"Cookie: {cookie}", method="HEAD").startswith(b"HTTP/1.1 200 OK")
    assert flask_streams(doorbell, cookie) == 1
    assert metrics(doorbell).total("doorbell_streams_open") == 0


@pytest.mark.parametrize("ends", ["UPDATE users SET disabled_at = now()", "DELETE FROM users"])
def test_a_user_without_rights_is_refused_within_seconds(start: Start, world: World, ends: str) -> None:
    doorbell = start()
    cookie = f"Cookie: {doorbell.cookie(world.user(world.tenant()))}"
    for _ in range(2):
        assert first_bytes(doorbell, "/stream", cookie).startswith(b"HTTP/1.1 200 OK")
    world.conn.execute(ends)
    eventually(lambda: first_bytes(doorbell, "/stream", cookie).startswith(b"HTTP/1.1 401 "), 15)


def test_a_session_that_was_signed_out_in_another_process_is_refused(
    start: Start, world: World, redis_client: redis.Redis
) -> None:
    doorbell, other = start(), start()
    user = world.user(world.tenant())
    cookie = f"Cookie: {doorbell.cookie(user)}"
    for process in (doorbell, other, doorbell):
        assert first_bytes(process, "/stream", cookie).startswith(b"HTTP/1.1 200 OK")
    kept = Raw(doorbell, cookie.removeprefix("Cookie: "))
    kept.read_until(b"event: hello")
    with urllib.request.urlopen(with_cookie(other.url + "/", cookie.removeprefix("Cookie: ")), timeout=10) as page:  # noqa: S310
        token = page.read().partition(b'name="csrf-token" content="')[2].partition(b'"')[0].decode()
        session = page.headers["Set-Cookie"].partition(";")[0]
    form = urllib.parse.urlencode({"csrf_token": token}).encode()
    with urllib.request.urlopen(with_cookie(other.url + "/sign-out", session, form), timeout=10) as answer:  # noqa: S310
        assert answer.status == 200
    kept.read_to_the_end()
    assert first_bytes(doorbell, "/stream", cookie).startswith(b"HTTP/1.1 401 ")


def with_cookie(url: str, cookie: str, form: bytes | None = None) -> urllib.request.Request:
    return urllib.request.Request(url, form, headers={"Cookie": cookie})  # noqa: S310
