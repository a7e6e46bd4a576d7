"""Receivers that are away, slow or hostile hold up no other delivery, and what they answer is kept cut and without secrets."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable

import pytest

from webapp.relay import posting, retention
from webapp.relay.masking import MASK
from webapp.relay.verbs import BEGINNING
from webapp.relay.webhook_outlet import MAX_IN_FLIGHT
from webapp.webhooks.answer import MAX_KEPT_BYTES
from webapp.webhooks.post import post

from ..support.receivers import StartReceiver, Visit
from ..support.relay import Relay
from ..support.wait import eventually
from ..support.webhooks import HOOK, Inbox, Request, answer, attempts, deliveries, signing_secret, states
from ..support.world import World

# Far less than the deadline of a request, far more than a good answer takes.
SOON_SECONDS = 10.0


@pytest.fixture
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "post", functools.partial(post, deadline_seconds=0.5))


def drip_a_body(visit: Visit) -> None:
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    visit.drip(b"x")


def drip_headers(visit: Visit) -> None:
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\n")
    visit.drip(b"X-More: 1\r\n")


def silent(visit: Visit) -> None:
    visit.wait()


@pytest.mark.parametrize("slow", [drip_a_body, drip_headers, silent])
def test_slow_answers_hold_their_own_orders_and_no_other(
    relay: Relay, world: World, acme: int, receiver: StartReceiver, slow: Callable[[Visit], None]
) -> None:
    """All but one of the requests in flight are slow."""
    good = Inbox()
    held = {world.order(acme, number=f"SLOW-{n}") for n in range(MAX_IN_FLIGHT - 1)}
    others = {world.order(acme) for _ in range(30)}

    def behave(visit: Visit) -> None:
        if b'"number":"SLOW-' in visit.read_request():
            slow(visit)
        else:
            visit.socket.sendall(answer(200))
            good.requests.append(Request({}, visit.body, ""))

    hook = receiver(behave)
    relay.add(HOOK, hook.url, start=BEGINNING)
    thread = threading.Thread(target=relay.run, args=[HOOK])
    began = time.monotonic()
    thread.start()
    eventually(lambda: {request.order_id for request in good.requests} == others, SOON_SECONDS)
    eventually(lambda: states(relay.conn).count("delivered") == len(others), SOON_SECONDS)
    assert time.monotonic() - began < SOON_SECONDS
    waiting = {row["order_id"] for row in deliveries(relay.conn) if row["state"] == "waiting"}
    assert waiting == held
    assert attempts_of(relay, held) == 0
    relay.worker.stop()
    hook.close()
    thread.join(20)
    assert not thread.is_alive()


def attempts_of(relay: Relay, orders: set[int]) -> int:
    ids = {row["id"] for row in deliveries(relay.conn) if row["order_id"] in orders}
    return sum(row["delivery_id"] in ids for row in attempts(relay.conn))


@pytest.mark.parametrize("slow", [drip_a_body, silent])
def test_an_answer_that_is_not_complete_in_time_is_a_failed_attempt(
    relay: Relay,
    world: World,
    acme: int,
    receiver: StartReceiver,
    short_runs: None,
    short_deadline: None,
    slow: Callable[[Visit], None],
) -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        slow(visit)

    hook = receiver(behave)
    relay.add(HOOK, hook.url)
    world.order(acme)
    relay.run(HOOK)
    (attempt,) = attempts(relay.conn)
    assert (attempt["status"], attempt["answer"]) == (None, None)
    assert attempt["error"] == f"127.0.0.1:{hook.port} did not answer completely within 0.5 seconds."
    assert states(relay.conn) == ["waiting"]


def test_a_receiver_that_is_away_fails_in_words_without_its_path_and_another_webhook_goes_on(
    relay: Relay, world: World, acme: int, receiver: StartReceiver, inbox: Inbox
) -> None:
    away = receiver(Inbox())
    away.close()
    relay.add("away", away.url)
    world.order(acme)
    relay.run("away")
    relay.run(HOOK)
    assert inbox.types == ["placed"]
    (failed,) = [attempt for attempt in attempts(relay.conn) if attempt["status"] is None]
    assert failed["error"] == f"Could not connect to 127.0.0.1:{away.port}: the connection was refused."
    assert relay.find("away").last_error == failed["error"]
    assert relay.find("away").failing_since is not None


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"x" * 40_000, "x" * MAX_KEPT_BYTES),
        (b"a\0b\xff", "a\ufffdb\ufffd"),
        (b"\xff" * 40_000, "\ufffd" * (MAX_KEPT_BYTES // 3)),
        ("ü".encode() * 10_000, "ü" * (MAX_KEPT_BYTES // 2)),
        (b"x" + "ü".encode() * 10_000, "x" + "ü" * (MAX_KEPT_BYTES // 2 - 1)),
    ],
    ids=["long", "not text", "long and not text", "two bytes each", "cut in a character"],
)
def test_an_answer_is_kept_up_to_16_kib(
    relay: Relay, world: World, acme: int, inbox: Inbox, body: bytes, kept: str
) -> None:
    inbox.reply = lambda _request: answer(200, body)
    world.order(acme)
    relay.run(HOOK)
    (attempt,) = attempts(relay.conn)
    assert attempt["answer"].rstrip("\ufffd") == kept.rstrip("\ufffd")
    assert len(attempt["answer"].encode()) <= MAX_KEPT_BYTES
    assert (attempt["status"], states(relay.conn)) == (200, ["delivered"])


def test_secrets_that_a_receiver_repeats_are_masked_everywhere(
    relay: Relay,
    world: World,
    acme: int,
    receiver: StartReceiver,
    short_runs: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "path-s3cret word")
    hidden: list[str] = []

    def reply(request: Request) -> bytes:
        text = f"{request.line} path-s3cret word qu3ry s3cret {hidden[0]} end"
        return answer(302, text.encode(), Location="http://elsewhere/?t0ken=qu3ry+s3cret")

    url = receiver(Inbox(reply)).url.replace("/hooks?token=hunter2", "/in/$HOOK_TOKEN/x?key=qu3ry+s3cret&v=1")
    relay.add(HOOK, url)
    hidden.append(signing_secret(relay))
    world.order(acme)
    relay.run(HOOK)
    (attempt,) = attempts(relay.conn)
    assert attempt["answer"] == f"POST {MASK}?{MASK} HTTP/1.1 {MASK} {MASK} {MASK} end"
    texts = str([attempt, *deliveries(relay.conn), *_rows_of_relay(relay)]) + caplog.text
    for secret in ("qu3ry", "s3cret%20word", hidden[0], hidden[0].removeprefix("whsec_")):
        assert secret not in texts


def _rows_of_relay(relay: Relay) -> list[object]:
    rows: list[object] = []
    for table in ("relay_destinations", "relay_audit"):
        rows += relay.conn.execute(f"SELECT t::text FROM {table} t").fetchall()
    return rows


def test_attempts_and_finished_deliveries_are_deleted_after_30_days_and_dead_letters_stay(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    for _order in range(4):
        world.order(acme)
    relay.run(HOOK)
    old, recent, dead, skipped = (row["id"] for row in deliveries(relay.conn))
    age = "UPDATE webhook_deliveries SET done_at = now() - interval '{} days', state = '{}' WHERE id = {}"
    for days, state, number in ((31, "delivered", old), (29, "delivered", recent), (31, "dead", dead)):
        relay.conn.execute(age.format(days, state, number).encode())
    relay.conn.execute(age.format(31, "skipped", skipped).encode())
    relay.conn.execute("UPDATE webhook_attempts SET at = now() - interval '31 days' WHERE delivery_id <> %s", [recent])
    retention.delete_old(relay.config.database_url)
    assert [row["id"] for row in deliveries(relay.conn)] == [recent, dead]
    assert [row["delivery_id"] for row in attempts(relay.conn)] == [recent]
