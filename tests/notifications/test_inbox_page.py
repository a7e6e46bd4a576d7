"""The inbox page: filters, groups, pages, and marking one, some or all as read, without JavaScript."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from webapp.queries import inbox_page

from ..support.browser import Person, fields, soup
from ..support.world import World


@pytest.fixture
def ana(app: Flask, world: World) -> Person:
    """A user with id 1 in tenant 1."""
    return Person(app, world.user(world.tenant(), "Ana Silva"))


def sell(world: World, number: str, *changes: str) -> int:
    """An order of Ana's that other programs change."""
    order = world.order(1, owner_id=1, number=number)
    for column in changes:
        world.change(order, **{column: world.now()})
    return order


def titles(page: BeautifulSoup) -> list[str]:
    texts = [one.select("p")[0].get_text() for one in page.select("#inbox-page .note")]
    return [re.sub(r"\s+", " ", text).replace(" (unread)", "").strip() for text in texts]


def mark_all(person: Person, page: BeautifulSoup) -> str | None:
    """Send the page's form; returns where it leads."""
    return person.client.post("/inbox/read", data=fields(page.select("form#read-all")[0])).location


def unread(world: World) -> int:
    row = world.conn.execute("SELECT count(*) FROM notifications WHERE read_at IS NULL").fetchone()
    assert row is not None
    return int(row[0])


def test_the_filters_are_in_the_address_and_in_the_live_part(ana: Person, world: World) -> None:
    sell(world, "7", "paid_at", "shipped_at")
    sell(world, "8", "cancelled_at")
    world.conn.execute("UPDATE notifications SET read_at = now() WHERE type = 'shipped'")
    page = ana.page("/inbox")
    assert titles(page) == ["Order 8 was cancelled", "Order 7 was shipped", "Order 7 was paid"]
    assert titles(ana.page("/inbox?show=unread")) == ["Order 8 was cancelled", "Order 7 was paid"]
    page = ana.page("/inbox?show=unread&kind=paid")
    assert titles(page) == ["Order 7 was paid"]
    live = page.select("#inbox-page")[0]["hx-get"]
    assert live == "/panels/inbox/page?show=unread&kind=paid"
    assert [note["id"] for note in ana.page(str(live)).select(".note")] == ["note-1-page"]
    assert "No notifications match" in ana.page("/inbox?kind=refunded").get_text()


@pytest.mark.parametrize("query", ["kind=x", "since=1", "before=-1", "before=x", "since=9:3:"])
def test_an_address_that_no_page_links_to_is_refused(ana: Person, query: str) -> None:
    assert ana.get(f"/inbox?{query}").status_code == 400
    assert ana.get(f"/panels/inbox/page?{query}").status_code == 400


def test_the_notifications_of_an_order_are_a_group_at_the_place_of_the_newest(ana: Person, world: World) -> None:
    first = sell(world, "7", "paid_at")
    sell(world, "8", "paid_at")
    world.change(first, shipped_at=world.now())
    page = ana.page("/inbox?group=order")
    assert titles(page) == ["Order 7 was shipped", "Order 7 was paid", "Order 8 was paid"]
    assert [head.get_text(" ") for head in page.select(".note-group-head")] == ["Order 7   2 notifications"]
    assert titles(ana.page("/inbox?group=order&kind=paid")) == ["Order 8 was paid", "Order 7 was paid"]


@pytest.mark.parametrize("group", ["", "&group=order"])
def test_the_pages_show_each_notification_once(
    ana: Person, world: World, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setattr(inbox_page, "PAGE_ITEMS", 3)
    monkeypatch.setattr(inbox_page, "PAGE_GROUPS", 2)
    orders = [sell(world, str(number), "paid_at") for number in range(4)]
    for order in orders[:3]:
        world.change(order, shipped_at=world.now())
    address, seen = f"/inbox?{group}", []
    for _page in range(4):
        page = ana.page(address)
        seen += titles(page)
        older = [link for link in page.select(".inbox-pages a") if link.get_text() == "Older"]
        if not older:
            break
        address = str(older[0]["href"])
    assert len(seen) == len(set(seen)) == 7
    assert "before=" in address
    assert "Back to the newest" in ana.page(f"/inbox?before=1{group}").get_text()


def test_selected_notifications_are_marked_and_the_form_leads_back_to_its_list(ana: Person, world: World) -> None:
    for number in "789":
        sell(world, number, "paid_at")
    page = ana.page("/inbox?kind=paid&group=order")
    boxes = [box["value"] for box in page.select("input[name=id][form=read-selected]")]
    assert len(boxes) == 3
    form = page.select("#read-selected")[0]
    answer = ana.client.post("/inbox/read/selected", data=fields(form) | {"id": boxes[:2]})
    assert answer.location == "/inbox?kind=paid&group=order"
    assert unread(world) == 1
    answer = ana.client.post("/inbox/read/selected", data=fields(form), follow_redirects=True)
    assert "Select the notifications to mark as read." in answer.text
    assert unread(world) == 1, "no box means none, not all"
    ana.client.post("/inbox/read/selected", data=fields(form) | {"id": ["x", "-1", "9" * 30, boxes[2]]})
    assert unread(world) == 0


def test_all_means_all_of_the_filter_that_the_page_has_shown(ana: Person, world: World) -> None:
    sell(world, "7", "paid_at", "shipped_at")
    page = ana.page("/inbox?kind=paid")
    sell(world, "8", "paid_at")
    assert mark_all(ana, page) == "/inbox?kind=paid"
    assert titles(ana.page("/inbox?show=unread")) == ["Order 8 was paid", "Order 7 was shipped"]
    mark_all(ana, ana.page("/inbox"))
    assert unread(world) == 0


def test_a_user_cannot_mark_those_of_another(app: Flask, ana: Person, world: World) -> None:
    ben = Person(app, world.user(1, "Ben Okafor"))
    sell(world, "7", "paid_at")
    ben.post("/inbox/read/selected", {"id": ["1"]})
    ben.post("/inbox/read", {"query": "kind=paid"})
    assert unread(world) == 1


def test_changes_while_away_are_those_that_the_snapshot_of_the_page_did_not_see(ana: Person, world: World) -> None:
    sell(world, "7", "paid_at")
    left = ana.page("/inbox").select("#bell")[0]["data-seen"]
    assert "You have seen all changes" in ana.page(f"/inbox?since={left}").get_text()
    sell(world, "8", "paid_at", "shipped_at")
    page = ana.page(f"/inbox?since={left}")
    assert titles(page) == ["Order 8 was shipped", "Order 8 was paid"]
    count = soup(ana.get(f"/panels/inbox/new-items?seen={left}")).select("[data-new]")[0]["data-new"]
    assert count == "2"
    mark_all(ana, page)
    assert titles(ana.page("/inbox?show=unread")) == ["Order 7 was paid"]
