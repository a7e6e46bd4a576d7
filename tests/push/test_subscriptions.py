"""Which browsers are subscribed: by whom, with which addresses and keys, and until when."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.push.sender import PushSender

from ..support.browser import Person
from ..support.push_service import PushService
from ..support.world import World
from .conftest import subscribe


def users(world: World) -> list[int]:
    return [user for (user,) in world.conn.execute("SELECT user_id FROM push_subscriptions ORDER BY id")]


def post(person: Person, path: str, body: object) -> tuple[int, str]:
    response = person.client.post(
        f"/notifications/push/{path}", json=body, headers={"X-CSRFToken": person.csrf_token()}
    )
    return response.status_code, response.text


def test_the_key_is_a_point_for_the_push_manager(ana: Person) -> None:
    key = ana.get("/notifications/push/key").text
    assert (len(key), key[0]) == (87, "B")


def test_a_browser_belongs_to_the_user_who_subscribed_last_and_gets_nothing_of_the_other(
    app: Flask, ana: Person, world: World, push_service: PushService, sender: PushSender
) -> None:
    ben = Person(app, world.user(1, "Ben Okafor"))
    ben.post("/notifications", {"channel": ["paid:push"]})
    browser = push_service.browser()
    assert [subscribe(ana, browser), subscribe(ana, browser)] == [204, 204]
    world.order(1, owner_id=2, number="OLD", paid_at="now")
    assert subscribe(ben, browser) == 204
    assert users(world) == [2]
    world.order(1, owner_id=1, number="ANAS", paid_at="now")
    assert sender.run() == 0
    world.order(1, owner_id=2, number="BENS", paid_at="now")
    assert sender.run() == 1
    assert browser.decrypt(push_service.requests[0])["title"] == "Order BENS was paid"
    assert post(ana, "unsubscribe", {"endpoint": browser.endpoint})[0] == 204
    assert users(world) == [2], "only its user removes a subscription"
    assert post(ben, "unsubscribe", {"endpoint": browser.endpoint})[0] == 204
    assert users(world) == []


def test_a_sign_out_removes_the_subscription_of_that_browser_only(
    app: Flask, ana: Person, world: World, push_service: PushService
) -> None:
    phone = Person(app, 1)
    subscribe(ana, push_service.browser("laptop"))
    subscribe(phone, push_service.browser("phone"))
    ana.post("/sign-out")
    left = world.conn.execute("SELECT endpoint FROM push_subscriptions").fetchall()
    assert left == [(f"{push_service.origin}/push/phone",)]


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE users SET disabled_at = now()",
        "UPDATE users SET sessions_from = clock_timestamp()",
        "UPDATE push_subscriptions SET session_ends = now()",
        "INSERT INTO ended_sessions (id, expires_at) SELECT session_id, now() + interval '1 day' FROM push_subscriptions",
    ],
)
def test_a_subscription_ends_with_its_sign_in(
    ana: Person, world: World, push_service: PushService, sender: PushSender, end: str
) -> None:
    subscribe(ana, push_service.browser())
    world.order(1, owner_id=1, paid_at="now")
    world.conn.execute(end)
    assert sender.run() == 0
    assert users(world) == []
    assert push_service.requests == []


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("https://10.0.0.1/push", "private"),
        ("https://169.254.169.254/push", "metadata"),
        ("http://8.8.8.8/push", "https://"),
        ("ftp://push.example.com", "http"),
        ("", "no endpoint"),
    ],
)
def test_an_address_that_webhooks_may_not_reach_is_refused(
    ana: Person, world: World, push_service: PushService, endpoint: str, reason: str
) -> None:
    status, text = post(ana, "subscribe", push_service.browser().subscription | {"endpoint": endpoint})
    assert (status, reason in text) == (422, True), text
    assert users(world) == []


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"endpoint": 3, "keys": {}}, {"keys": {"p256dh": "AA", "auth": "AA"}}, {"keys": 7}]
)
def test_a_body_that_is_not_a_subscription_is_refused(ana: Person, world: World, body: object) -> None:
    assert post(ana, "subscribe", body)[0] == 422
    assert post(ana, "unsubscribe", body)[0] == 204
    assert users(world) == []


def test_keys_that_are_not_of_a_browser_are_refused(ana: Person, push_service: PushService) -> None:
    good = push_service.browser().subscription
    for keys in ({"auth": "AAAA"}, {"p256dh": good["keys"]["auth"]}, {"auth": "#"}):
        assert post(ana, "subscribe", good | {"keys": good["keys"] | keys})[0] == 422


def test_a_user_has_at_most_twenty_browsers(ana: Person, world: World, push_service: PushService) -> None:
    for number in range(22):
        assert subscribe(ana, push_service.browser(f"b{number}")) == 204
    oldest = world.conn.execute("SELECT count(*), min(endpoint) FROM push_subscriptions").fetchone()
    assert oldest == (20, f"{push_service.origin}/push/b10")
