"""New notifications over HTTP: toasts, the inbox page, and marking as read."""

from __future__ import annotations

import re

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from ..support.board import get, text
from ..support.browser import Person, soup
from ..support.world import Service, World


def test_each_new_notification_is_a_toast_and_many_are_folded_into_one(
    world: World, client: FlaskClient, acme: int, manager: int
) -> None:
    world.order(acme, 125_000, owner_id=manager, number="1042", customer="Vins & Co")
    world.conn.execute("UPDATE orders SET paid_at = now()")
    one = get(client, "/panels/inbox/new-items?seen=3:3:")
    assert one.count("note-toast") == 1
    assert "Order 1042 was paid €1,250.00 · Vins &amp; Co Open Dismiss" in text(one)
    for _ in range(4):
        world.order(acme, owner_id=manager)
    world.conn.execute("UPDATE orders SET paid_at = now(), shipped_at = now()")
    seen = re.findall(r'data-seen="([\d:,]+)"', one)[0]
    many = get(client, f"/panels/inbox/new-items?seen={seen}")
    assert many.split("<template>")[0].count("note-toast") == 1
    assert "5 of your orders were paid or shipped · €1,290.00" in text(many)
    assert 'data-unread="10"' in many


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 30, "1;--", "1:2", "9:3:", "1:2:3,"])
def test_a_snapshot_that_is_not_valid_is_refused(client: FlaskClient, seen: str) -> None:
    response = client.get("/panels/inbox/new-items", query_string={"seen": seen})
    assert response.status_code == 400
    assert "eload the page" in response.text


def csrf(client: FlaskClient) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', get(client, "/inbox"))
    assert found
    return found[1]


def test_a_user_can_mark_only_own_notifications_as_read(
    app: Flask, world: World, client: FlaskClient, acme: int, manager: int
) -> None:
    ben = world.user(acme, "Ben Okafor")
    for owner in (manager, manager, ben):
        world.order(acme, owner_id=owner)
    world.conn.execute("UPDATE orders SET paid_at = now()")

    def unread() -> list[tuple[int, int]]:
        return world.conn.execute(
            "SELECT user_id, id FROM notifications WHERE read_at IS NULL ORDER BY user_id, id"
        ).fetchall()

    (_, first), (_, second), (_, bens) = unread()
    headers = {"X-CSRFToken": csrf(client), "HX-Request": "true"}
    assert client.post(f"/inbox/{bens}/read", headers=headers).status_code == 204
    assert len(unread()) == 3, "another user's stays unread"
    assert client.post(f"/inbox/{first}/read").status_code == 400, "without a token nothing is marked"
    assert client.post(f"/inbox/{first}/read", headers=headers).status_code == 204
    assert unread() == [(manager, second), (ben, bens)]
    form = client.post("/inbox/read", data={"csrf_token": csrf(client)})
    assert (form.status_code, form.headers["Location"]) == (303, "/inbox")
    assert unread() == [(ben, bens)]
    assert "as read" not in get(client, "/inbox")


def test_the_inbox_page_lists_notifications_and_has_a_button_to_mark_all_as_read(
    world: World, client: FlaskClient, acme: int, manager: int
) -> None:
    assert "No notifications yet" in text(get(client, "/inbox"))
    world.order(acme, owner_id=manager, number="1042")
    world.conn.execute("UPDATE orders SET paid_at = now()")
    page = get(client, "/inbox")
    assert "Order 1042 was paid" in text(page)
    assert "Mark as read" in text(page)


def test_a_notification_that_commits_late_is_still_new(app: Flask, world: World, service: Service) -> None:
    """Ids commit out of order, so "greater than the newest seen" would miss the one that was written first."""
    tenant = world.tenant()
    user = world.user(tenant)
    early, late = world.order(tenant, owner_id=user, number="EARLY"), world.order(tenant, owner_id=user, number="LATE")
    ana = Person(app, user)
    with psycopg.connect(service.database_url) as slow:
        slow.execute("UPDATE orders SET paid_at = now() WHERE id = %s", [early])
        world.change(late, paid_at=world.now())
        first = soup(ana.get("/panels/inbox/new-items?seen=3:3:"))
        assert "LATE" in first.get_text()
        slow.commit()
    seen = first.select("[data-seen]")[0]["data-seen"]
    then = soup(ana.get(f"/panels/inbox/new-items?seen={seen}")).get_text()
    assert "EARLY" in then
    assert "LATE" not in then, "a notification is new once"
