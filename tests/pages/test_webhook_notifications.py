"""The notification of a disabled webhook at the pages: its words and its link, alone and beside those of orders."""

from __future__ import annotations

import pytest

from webapp.relay import verbs

from ..support.browser import Person, soup
from ..support.relay import ACTOR, Relay
from ..support.relay_pages import words
from ..support.webhooks import notify_disabled
from ..support.world import World

HOOK = "https://hooks.example.com/x"
REFUSED = "The endpoint answered 500 Internal Server Error; only 2xx is a success."
NEW_ITEMS = "/panels/inbox/new-items?seen=3:3:"


@pytest.fixture
def mias_id(world: World, tenant: int, ida: Person) -> int:
    found = world.conn.execute("SELECT id FROM users WHERE role = 'admin'").fetchone()
    assert found is not None
    return int(found[0])


def toasts(person: Person) -> list[str]:
    return [words(toast) for toast in person.page(NEW_ITEMS).select(".note-toast .toast-label")]


@pytest.mark.parametrize("path", ["/panels/inbox/page", "/panels/inbox"])
def test_an_item_has_the_cause_and_the_last_error_and_leads_to_the_webhook(
    relay: Relay, world: World, tenant: int, ida: Person, mias_id: int, path: str
) -> None:
    hook = relay.add("billing", HOOK, tenant_id=tenant)
    notify_disabled(world.conn, mias_id, "billing", REFUSED, hook.id)
    notify_disabled(world.conn, mias_id, "billing", destination_id=hook.id)
    gone, failed = ida.page(path).select(".note")
    assert words(failed.select_one("strong")) == "Webhook billing was disabled: it failed for 5 days"
    assert REFUSED in words(failed)
    assert words(gone.select_one("strong")) == "Webhook billing was disabled: it answered 410 Gone"
    assert [str(link["href"]) for link in failed.select("a")] == ["/relay/billing"]
    button = failed.select_one("button")
    assert button is not None
    assert button["aria-label"] == "Mark webhook billing as read"
    assert ida.get("/relay/billing").status_code == 200


def test_an_item_of_a_removed_webhook_stays_without_its_link(
    relay: Relay, world: World, tenant: int, ida: Person, mias_id: int
) -> None:
    notify_disabled(world.conn, mias_id, "billing", REFUSED, relay.add("billing", HOOK, tenant_id=tenant).id)
    verbs.remove(relay.conn, relay.find("billing"), ACTOR)
    relay.add("billing", HOOK, tenant_id=tenant)
    (item,) = ida.page("/panels/inbox/page").select(".note")
    assert words(item).startswith("Webhook billing was disabled: it failed for 5 days")
    assert item.select("a") == [], "a later webhook of the name is another one"
    (link,) = ida.page(NEW_ITEMS).select(".toast-open")
    assert link["href"] == "/inbox"


def test_an_item_links_no_page_that_its_user_may_not_open(
    relay: Relay, world: World, tenant: int, ida: Person, ana: Person, mias_id: int
) -> None:
    hook = relay.add("everyones", HOOK)
    # As of an admin that became a salesperson.
    (anas_id,) = world.conn.execute("SELECT id FROM users WHERE role = 'sales'").fetchone() or (0,)
    for user in (mias_id, anas_id):
        notify_disabled(world.conn, user, "everyones", destination_id=hook.id)
    path = "/panels/inbox/page"
    assert [len(person.page(path).select(".note")) for person in (ida, ana)] == [1, 1]
    assert [len(person.page(path).select(".note a")) for person in (ida, ana)] == [1, 0]
    world.tenant("globex")
    assert ida.get("/relay/everyones").status_code == 404
    assert ida.page(path).select(".note a") == []


def test_texts_of_other_programs_are_shown_as_text(world: World, ida: Person, mias_id: int) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    notify_disabled(world.conn, mias_id, hostile, f"The endpoint answered {hostile}.")
    for path, place in (("/panels/inbox/page", ".note"), ("/panels/inbox", ".note"), (NEW_ITEMS, ".note-toast")):
        answer = ida.get(path)
        assert "<img src=x" not in answer.text
        (shown,) = soup(answer).select(place)
        assert shown.select("img") == []
        assert shown.text.count(hostile) == 2, path


def test_a_toast_has_the_cause_and_the_error_and_opens_the_webhook(
    relay: Relay, world: World, tenant: int, ida: Person, mias_id: int
) -> None:
    hook = relay.add("billing", HOOK, tenant_id=tenant)
    notify_disabled(world.conn, mias_id, "billing", REFUSED, hook.id)
    page = ida.page(NEW_ITEMS)
    (toast,) = page.select(".note-toast")
    assert "Webhook billing was disabled: it failed for 5 days" in words(toast)
    assert f"{REFUSED} Its events wait until you resume it." in words(toast)
    assert [str(link["href"]) for link in toast.select("a")] == ["/relay/billing"]
    assert page.select("[data-unread='1']")
    assert ida.post(str(toast["data-read"])).status_code == 303
    assert toasts(ida) == []


def test_a_few_new_items_of_both_kinds_are_a_toast_each_oldest_first(
    world: World, tenant: int, ida: Person, mias_id: int
) -> None:
    world.order(tenant, number="7", owner_id=mias_id, paid_at="now()")
    notify_disabled(world.conn, mias_id, "billing")
    world.order(tenant, number="8", owner_id=mias_id, paid_at="now()")
    titles = [words(toast.select_one("strong")) for toast in ida.page(NEW_ITEMS).select(".note-toast")]
    assert titles == [
        "Order 7 was paid",
        "Webhook billing was disabled: it answered 410 Gone",
        "Order 8 was paid",
    ]


def test_many_new_items_are_one_toast_per_kind_and_a_webhook_is_never_counted_as_an_order(
    world: World, tenant: int, ida: Person, mias_id: int
) -> None:
    notify_disabled(world.conn, mias_id, "billing", REFUSED, 1)
    for _order in range(5):
        world.order(tenant, 1000, owner_id=mias_id, paid_at="now()")
    webhook = "Webhook billing was disabled: it failed for 5 days"
    assert toasts(ida) == ["5 of your orders were paid · €50.00", webhook]
    notify_disabled(world.conn, mias_id, "billing", REFUSED, 1)
    assert toasts(ida) == ["5 of your orders were paid · €50.00", webhook]
    notify_disabled(world.conn, mias_id, "shipping", None, 2)
    assert toasts(ida) == ["5 of your orders were paid · €50.00", "2 webhooks were disabled"]
    world.conn.execute("UPDATE notifications SET read_at = now() WHERE order_id IS NOT NULL")
    for number in range(3, 6):
        notify_disabled(world.conn, mias_id, f"hook{number}", None, number)
    assert toasts(ida) == ["5 webhooks were disabled"]
    world.order(tenant, 1000, number="7", owner_id=mias_id, paid_at="now()")
    assert toasts(ida) == ["Order 7 was paid", "€10.00 · Toms Spezialitäten", "5 webhooks were disabled"]
    (badge,) = ida.page(NEW_ITEMS).select("[data-unread]")
    assert badge["data-unread"] == "7"


@pytest.mark.parametrize("path", ["/panels/inbox/page", "/panels/inbox"])
def test_an_empty_inbox_names_webhooks_to_admins_only(ida: Person, ana: Person, path: str) -> None:
    mentions = "when you are mentioned in a comment"
    assert f", {mentions}, and when the relay disables a webhook." in words(ida.page(path).select_one(".empty-note"))
    assert f", and {mentions}." in words(ana.page(path).select_one(".empty-note"))
