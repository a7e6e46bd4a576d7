"""From a committed notification to a decrypted push in a browser, through a push service."""

from __future__ import annotations

import pytest

from webapp.config import Config
from webapp.push.sender import PushSender
from webapp.push.vapid import public_key

from ..support.browser import Person
from ..support.push_service import PushService, claims
from ..support.world import World
from .conftest import subscribe


def test_a_payment_is_pushed_to_the_browser_of_the_owner_once(
    ana: Person, world: World, push_service: PushService, sender: PushSender, config: Config
) -> None:
    browser = push_service.browser()
    assert subscribe(ana, browser) == 204
    assert sender.run() == 0
    order = world.order(1, 125_000, number="A/7 é", customer="Vins & Co", owner_id=1)
    world.change(order, paid_at=world.now())
    assert sender.run() == 1
    assert sender.run() == 0
    [request] = push_service.requests
    assert request.line.startswith("POST /push/ana ")
    assert browser.decrypt(request) == {
        "title": "Order A/7 é was paid",
        "body": "€1,250.00 · Vins & Co",
        "href": "/orders/A%2F7%20%C3%A9",
        "tag": "note-1",
        "kind": "paid",
        "count": 1,
    }
    assert config.vapid is not None
    signed = claims(request, public_key(config.vapid))
    assert (signed["aud"], signed["sub"]) == (push_service.origin, "mailto:admin@example.com")
    assert (request.headers["ttl"], request.headers["urgency"]) == ("86400", "high")


def test_many_notifications_are_one_push(
    ana: Person, world: World, push_service: PushService, sender: PushSender
) -> None:
    browser = push_service.browser()
    subscribe(ana, browser)
    for total in (10_000, 20_000, 61_240):
        world.order(1, total, owner_id=1, paid_at="now")
    assert sender.run() == 1
    content = browser.decrypt(push_service.requests[0])
    assert (content["title"], content["body"], content["count"]) == ("3 of your orders were paid", "€912.40", 3)
    assert content["href"].startswith("/inbox?since=")
    world.order(1, 500, owner_id=1, paid_at="now")
    world.order(1, 700, owner_id=1, assigns=True)
    assert sender.run() == 1
    content = browser.decrypt(push_service.requests[1])
    assert content["title"] == "2 new notifications"
    assert content["body"] == "1 order was assigned to you · €7.00\nOrder T4 was paid · €5.00"


def test_kinds_without_push_mutes_and_quiet_hours_send_nothing(
    ana: Person, world: World, push_service: PushService, sender: PushSender
) -> None:
    subscribe(ana, push_service.browser())
    order = world.order(1, owner_id=1)
    world.change(order, cancelled_at=world.now())
    assert sender.run() == 0
    ana.post("/notifications/mute/paid")
    world.order(1, owner_id=1, paid_at="now")
    assert sender.run() == 0
    ana.post("/notifications/unmute/paid")
    assert sender.run() == 0, "what came while muted is not news"
    hour = (world.conn.execute("SELECT extract(hour FROM now() AT TIME ZONE 'Europe/Berlin')").fetchone() or [0])[0]
    quiet = {"quiet_from": f"{(int(hour) + 12) % 24:02}:01", "quiet_to": f"{(int(hour) + 12) % 24:02}:00"}
    ana.post("/notifications", {"channel": ["paid:push"]} | quiet)
    world.order(1, owner_id=1, paid_at="now")
    assert sender.run() == 0
    ana.post("/notifications", {"channel": ["paid:push"]})
    world.order(1, owner_id=1, paid_at="now")
    assert sender.run() == 1


def test_what_was_read_in_a_page_meanwhile_is_not_pushed(
    ana: Person, world: World, push_service: PushService, sender: PushSender
) -> None:
    subscribe(ana, push_service.browser())
    world.order(1, owner_id=1, paid_at="now")
    ana.post("/inbox/read")
    assert sender.run() == 0
    assert push_service.requests == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_has_expired_is_removed(
    ana: Person, world: World, push_service: PushService, sender: PushSender, status: int
) -> None:
    subscribe(ana, push_service.browser())
    world.order(1, owner_id=1, paid_at="now")
    push_service.statuses = [status]
    assert sender.run() == 0
    assert world.conn.execute("SELECT count(*) FROM push_subscriptions").fetchone() == (0,)
    assert not sender.has_subscriptions


@pytest.mark.parametrize("status", [500, 429, 403, 302])
def test_a_push_that_is_refused_is_sent_again_after_a_pause(
    ana: Person, world: World, push_service: PushService, sender: PushSender, status: int
) -> None:
    browser = push_service.browser()
    subscribe(ana, browser)
    world.order(1, owner_id=1, paid_at="now")
    push_service.statuses = [status]
    assert sender.run() == 0
    assert sender.run() == 0, "not before the pause is over"
    assert len(push_service.requests) == 1
    world.conn.execute("UPDATE push_subscriptions SET due_at = now()")
    assert sender.run() == 1
    assert browser.decrypt(push_service.requests[1])["kind"] == "paid"
    assert world.conn.execute("SELECT failing_since FROM push_subscriptions").fetchone() == (None,)


def test_a_run_that_was_killed_is_repeated_when_its_lease_ends(
    ana: Person, world: World, push_service: PushService, sender: PushSender
) -> None:
    subscribe(ana, push_service.browser())
    world.order(1, owner_id=1, paid_at="now")
    world.conn.execute("UPDATE push_subscriptions SET due_at = now() + interval '20 s'")
    assert sender.run() == 0
    world.conn.execute("UPDATE push_subscriptions SET due_at = now()")
    assert sender.run() == 1


def test_a_dead_push_service_delays_no_other_browser(
    ana: Person, world: World, push_service: PushService, sender: PushSender
) -> None:
    gone = PushService()
    subscribe(ana, gone.browser())
    gone.close()
    browser = push_service.browser()
    subscribe(ana, browser)
    world.order(1, owner_id=1, paid_at="now")
    assert sender.run() == 1
    assert browser.decrypt(push_service.requests[0])["kind"] == "paid"


def test_a_push_is_in_the_language_of_its_user_else_of_the_tenant(
    ana: Person, world: World, push_service: PushService, sender: PushSender
) -> None:
    browser = push_service.browser()
    subscribe(ana, browser)
    world.conn.execute("UPDATE tenants SET locale = 'de_DE'")
    bodies = []
    for language in ("en", None):
        world.conn.execute("UPDATE users SET language = %s", [language])
        world.order(1, 125_000, customer="Toms", owner_id=1, paid_at="now")
        assert sender.run() == 1
        bodies.append(browser.decrypt(push_service.requests[-1])["body"])
    assert bodies == ["1,250.00\xa0€ · Toms", "1.250,00\xa0€ · Toms"]
