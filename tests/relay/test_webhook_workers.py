"""Workers of webhooks: one at a time, killed with requests in flight, with secrets that change meanwhile, beside a replay."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from webapp.relay import verbs
from webapp.relay.opening import secret_box
from webapp.relay.signing import FORMER_UNTIL
from webapp.relay.verbs import RelayError
from webapp.relay.worker import RelayWorker

from ..support.processes import SECRET
from ..support.relay import ACTOR, Relay
from ..support.wait import eventually
from ..support.webhooks import HOOK, Inbox, Request, answer, attempts, deliveries, make_due, signing_secret, states
from ..support.world import World

MANY = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor, paid_at)
SELECT %s, 'N' || n, 'Many', 'EUR', n, now() FROM generate_series(1, %s) n
"""


@contextmanager
def relay_process(relay: Relay) -> Iterator[subprocess.Popen[bytes]]:
    """The relay's process, which ends with SIGKILL."""
    command = [sys.executable, "-m", "tests.support.apps.relay_process", str(relay.find(HOOK).id)]
    environment = {"DATABASE_URL": relay.config.database_url, "REDIS_URL": relay.config.redis_url}
    environment |= {"SECRET_KEY": SECRET, "WEBHOOK_ALLOW": "127.0.0.0/8"}
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_worker_killed_with_requests_in_flight_repeats_them_with_the_same_ids_and_loses_nothing(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    arrived, killed = threading.Event(), threading.Event()

    def reply(_request: Request) -> bytes:
        # Some are delivered and saved, the next are in flight when the process dies.
        if len(inbox.requests) > 50 and not killed.is_set():
            arrived.set()
            killed.wait(30)
        return answer(200)

    inbox.reply = reply
    world.conn.execute(MANY, [acme, 100])
    with relay_process(relay):
        assert arrived.wait(60)
        eventually(lambda: states(relay.conn).count("delivered") >= 10)
    killed.set()
    eventually(lambda: _others(relay) == 0)
    while relay.run(HOOK):
        pass
    counts = Counter(request.id for request in inbox.requests)
    assert sorted(counts) == sorted(row["message_id"] for row in deliveries(relay.conn))
    assert len(counts) == 200
    assert max(counts.values()) == 2
    assert set(states(relay.conn)) == {"delivered"}
    bodies = {(request.id, request.body) for request in inbox.requests}
    assert len(bodies) == 200
    for order in {request.order_id for request in inbox.requests}:
        first_times = list(dict.fromkeys(inbox.of_order(order)))
        assert first_times == ["placed", "paid"]


def _others(relay: Relay) -> int:
    row = relay.conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND application_name = 'doorbell relay'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_two_workers_never_deliver_at_once(relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    world.conn.execute(MANY, [acme, 150])
    other = RelayWorker(relay.config)
    number = relay.find(HOOK).id

    def run(worker: RelayWorker) -> None:
        while worker.run(number) or "waiting" in states(conns[worker]):
            pass

    conns = {worker: psycopg.connect(relay.config.database_url, autocommit=True) for worker in (relay.worker, other)}
    threads = [threading.Thread(target=run, args=[worker]) for worker in conns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for conn in conns.values():
        conn.close()
    other.close()
    assert not any(thread.is_alive() for thread in threads)
    assert len(inbox.requests) == len({request.id for request in inbox.requests}) == 300
    assert len(attempts(relay.conn)) == 300


def test_a_worker_that_loses_its_session_repeats_what_it_could_not_save(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    world.order(acme)

    def reply(request: Request) -> bytes:
        if len(inbox.requests) == 1:
            relay_conn = psycopg.connect(relay.config.database_url, autocommit=True)
            relay_conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'doorbell relay' AND datname = current_database()"
            )
            relay_conn.close()
        return answer(200)

    inbox.reply = reply
    with pytest.raises(psycopg.OperationalError):
        relay.run(HOOK)
    assert states(relay.conn) == ["waiting"]
    relay.run(HOOK)
    assert [request.id for request in inbox.requests] == [inbox.requests[0].id] * 2
    assert states(relay.conn) == ["delivered"]


def verifies(secret: str, request: Request) -> bool:
    try:
        Webhook(secret).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return False
    return True


def test_for_a_day_after_a_rotation_both_secrets_sign_and_then_the_new_one_alone(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    box, former = secret_box(relay.config), signing_secret(relay)
    new = verbs.rotate(relay.conn, box, relay.find(HOOK), ACTOR, datetime.now(UTC))
    assert new == signing_secret(relay) != former
    world.order(acme)
    relay.run(HOOK)
    assert [verifies(secret, inbox.requests[0]) for secret in (former, new)] == [True, True]
    assert len(inbox.requests[0].headers["webhook-signature"].split(" ")) == 2
    # The day is over.
    secrets = box.unlock(relay.find(HOOK).secrets)
    secrets[FORMER_UNTIL] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    relay.conn.execute("UPDATE relay_destinations SET secrets = %s", [box.lock(secrets)])
    world.order(acme)
    relay.run(HOOK)
    assert [verifies(secret, inbox.requests[1]) for secret in (former, new)] == [False, True]
    assert relay.audit()[-1] == (ACTOR, "rotated the secret")


def test_a_new_secret_signs_the_next_requests_of_a_run_that_goes_on(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    def reply(_request: Request) -> bytes:
        if len(inbox.requests) == 1:
            box = secret_box(relay.config)
            verbs.rotate(relay.conn, box, relay.find(HOOK), ACTOR, datetime.now(UTC))
            world.order(acme)
        return answer(200)

    inbox.reply = reply
    world.order(acme)
    relay.run(HOOK)
    assert [verifies(signing_secret(relay), request) for request in inbox.requests] == [False, True]


def test_only_a_webhook_has_a_secret_to_rotate(relay: Relay, acme: int) -> None:
    destination = relay.add("stream")
    with pytest.raises(RelayError, match="stream is not a webhook"):
        verbs.rotate(relay.conn, secret_box(relay.config), destination, ACTOR, datetime.now(UTC))


def test_a_replay_delivers_marked_events_with_the_same_ids_beside_live_ones(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    order = world.order(acme, paid_at="now()")
    relay.run(HOOK)
    # A live delivery that fails holds the live events of its order, and no replay.
    inbox.reply = lambda request: answer(500 if "shipped" in request.event["type"] else 200)
    world.change(order, shipped_at="now()")
    relay.run(HOOK)
    until = datetime.now(UTC)
    verbs.replay(relay.conn, relay.find(HOOK), ACTOR, until - timedelta(hours=1), until, ["placed", "paid"])
    relay.run(HOOK)
    first, again = inbox.requests[:2], inbox.requests[3:]
    assert [request.id for request in again] == [request.id for request in first]
    assert [request.event["doorbellreplay"] for request in again] == ["1", "1"]
    assert not any("sequence" in request.event for request in again)
    inbox.reply = lambda _request: answer(200)
    make_due(relay.conn)
    relay.run(HOOK)
    assert inbox.types == ["placed", "paid", "shipped", "placed", "paid", "shipped"]


def test_a_cancelled_replay_makes_no_more_deliveries(relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    for _order in range(3):
        world.order(acme)
    relay.run(HOOK)
    inbox.reply = lambda _request: answer(500)
    until = datetime.now(UTC)
    verbs.replay(relay.conn, relay.find(HOOK), ACTOR, until - timedelta(hours=1), until)
    relay.run(HOOK)
    assert states(relay.conn) == ["delivered"] * 3 + ["waiting"] * 3
    verbs.cancel_replay(relay.conn, relay.find(HOOK), ACTOR)
    assert states(relay.conn) == ["delivered"] * 3 + ["skipped"] * 3
    with pytest.raises(RelayError, match="hook has no replay that runs"):
        verbs.cancel_replay(relay.conn, relay.find(HOOK), ACTOR)
