"""The relay's pages: facts in words, no secret anywhere, for admins of the tenant only."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.browser import Person, soup
from ..support.relay import ACTOR, Relay, attempt, deliver, hold
from ..support.relay_pages import seen, words
from ..support.world import World

HOOK = "https://hooks.example.com/T0SECRETPATH/x?token=T0SECRETQUERY"
PAGES = ("/relay", "/relay/stream", "/panels/relay", "/panels/relay/destinations/stream", "/panels/relay/badge")
ACTIONS = (
    "pause", "resumption", "removal", "replays", "replays/cancellation", "retries", "skips", "resends", "tests", "secret",
    "deliveries/1/resends",
)  # fmt: skip


def test_the_list_shows_each_destination_in_words(relay: Relay, ida: Person, world: World, tenant: int) -> None:
    relay.add(tenant_id=tenant, types=["paid", "refunded"])
    order = world.order(tenant)
    world.change(order, paid_at="now()")
    page = seen(ida, "/relay")
    for fact in (
        "stream active",
        "Redis stream · Doorbell's own Redis, stream orders · paid, refunded",
        "Sends new events as they are written.",
        "Lag 1 event oldest",
        "Last minute 0 sent",
        "Acknowledged 0",
        "Dead letters None",
    ):
        assert fact in page
    relay.run()
    page = seen(ida, "/relay")
    assert "Lag None" in page
    assert "Last minute 1 sent Acknowledged 1 last" in page


def test_a_lag_is_counted_up_to_ten_thousand(relay: Relay, ida: Person, world: World, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) "
        "SELECT %s, 'N' || n, 'Many', 'EUR', n FROM generate_series(1, 10001) n",
        [tenant],
    )
    assert "Lag More than 10,000 events" in seen(ida, "/relay")


def test_each_state_names_its_cause(relay: Relay, ida: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    ida.post("/relay/stream/pause", {"reason": "the broker moves"})
    page = seen(ida, "/relay/stream")
    assert "paused" in page
    assert f"Paused by Ida Admin (ida.{tenant}@example.com) since" in page
    assert "The broker moves. Its events wait." in page
    ida.post("/relay/stream/resumption")
    relay.conn.execute(
        "UPDATE relay_destinations SET failing_since = now(), last_error = 'the server refused the sign-in'"
    )
    page = seen(ida, "/relay")
    assert "stream failing" in page
    assert "The server refused the sign-in." in page
    relay.conn.execute(
        "UPDATE relay_destinations SET state = 'disabled', state_reason = 'every attempt has failed for 5 days'"
    )
    page = seen(ida, "/relay")
    assert "stream disabled" in page
    assert "Every attempt has failed for 5 days. Its events wait. Resume it once the cause is repaired." in page


def test_an_empty_list_shows_the_command_that_adds_a_destination(ida: Person, tenant: int) -> None:
    page = seen(ida, "/relay")
    assert "No destinations yet" in page
    assert 'flask relay add shop-events "redis:///?stream=doorbell:{tenant}:orders" --tenant acme' in page


def test_salespeople_see_no_link_no_page_and_no_journey(
    relay: Relay, ana: Person, ida: Person, world: World, tenant: int
) -> None:
    relay.add(tenant_id=tenant)
    order = world.order(tenant, number="7")
    assert ida.page("/").select_one('nav a[href="/relay"]') is not None
    assert ana.page("/").select_one('nav a[href="/relay"]') is None
    for path in (*PAGES, f"/panels/orders/{order}/journey"):
        assert ida.get(path).status_code == 200, path
        answer = ana.get(path)
        assert answer.status_code == 403, path
        assert "You do not have permission for this" in answer.text, path
    for action in ACTIONS:
        assert ana.post(f"/relay/stream/{action}").status_code == 403, action
    assert ida.page("/orders/7").select_one("#journey") is not None
    assert ana.page("/orders/7").select_one("#journey") is None
    assert relay.audit() == [(ACTOR, "added")]


def test_an_admin_of_another_tenant_sees_and_changes_nothing(
    relay: Relay, app: Flask, world: World, tenant: int
) -> None:
    relay.add(tenant_id=tenant)
    stranger = Person(app, world.user(world.tenant("globex"), "Stan Ranger", role="admin"))
    assert "No destinations yet" in seen(stranger, "/relay")
    assert "stream" not in stranger.get("/panels/relay/destinations/stream").text
    for path in ("/relay/stream", "/relay/stream/deliveries/1", "/panels/relay/destinations/stream/deliveries/1"):
        assert stranger.get(path).status_code == 404, path
    for action in ACTIONS:
        assert stranger.post(f"/relay/stream/{action}").status_code == 404, action
    assert relay.audit() == [(ACTOR, "added")]


def test_a_destination_of_all_tenants_is_shown_only_to_the_only_tenant(
    relay: Relay, ida: Person, world: World, tenant: int
) -> None:
    relay.add()
    assert ida.get("/relay/stream").status_code == 200
    world.tenant("globex")
    assert ida.get("/relay/stream").status_code == 404
    assert "No destinations yet" in seen(ida, "/relay")


def test_no_page_has_a_secret_of_an_address(relay: Relay, ida: Person, world: World, tenant: int) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    relay.add("stream", "redis://user:T0SECRETPASSWORD@redis.example.com/0?stream=orders", tenant_id=tenant)
    relay.add("bus", "nats://T0SECRETTOKEN@nats.example.com:4222", tenant_id=tenant)
    order = world.order(tenant, number="7")
    delivery = deliver(relay.conn, relay.find("hook"), world.events()[0], state="dead", reason="answered 500")
    answers = [ida.get(f"/panels/orders/{order}/journey").text, ida.get("/orders/7").text, ida.get("/relay").text]
    for name in ("hook", "stream", "bus"):
        ida.post(f"/relay/{name}/pause", {"reason": "test"})
        answers += [ida.get(f"/relay/{name}").text, ida.get(f"/panels/relay/destinations/{name}").text]
    answers.append(ida.get(f"/relay/hook/deliveries/{delivery}").text)
    assert "https://hooks.example.com" in words(answers[2])
    assert "redis.example.com:6379, stream orders" in words(answers[2])
    assert [answer for answer in answers if "T0SECRET" in answer] == []


def test_long_lists_have_pages(relay: Relay, ida: Person, world: World, tenant: int) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    relay.add(tenant_id=tenant)
    for _order in range(60):
        world.order(tenant)
    for event in world.events():
        hold(relay.conn, relay.find(), [event], "too large")
        deliver(relay.conn, relay.find("hook"), event, state="delivered")
    for path, rows, count in (("stream", "#relay-dead-scroll", 60), ("hook", "#relay-deliveries-scroll", 60)):
        pages, address = [], f"/relay/{path}"
        while address:
            page = ida.page(address)
            pages.append([str(row["id"]) for row in page.select(f"{rows} tbody tr")])
            section = page.select_one(rows)
            assert section is not None
            assert section.parent is not None
            link = section.parent.select_one("a[rel=next]")
            address = "" if link is None else str(link["href"])
            fetched = ida.page(str(page.select("#relay_destination")[0]["hx-get"]))
            assert [str(row["id"]) for row in fetched.select(f"{rows} tbody tr")] == pages[-1]
        assert [len(ids) for ids in pages] == [25, 25, 10]
        assert len({each for ids in pages for each in ids}) == count


def test_an_orders_journey_shows_each_event_at_each_destination(
    relay: Relay, ida: Person, world: World, tenant: int
) -> None:
    relay.add("stream", tenant_id=tenant)
    relay.add("paid-only", "redis:///?stream=paid", tenant_id=tenant, types=["paid"])
    relay.add("hook", HOOK, tenant_id=tenant)
    order = world.order(tenant, number="7")
    relay.run("stream")
    world.change(order, paid_at="now()")
    placed, paid = world.events()
    dead = deliver(
        relay.conn, relay.find("hook"), placed, state="dead", attempts=8, reason="answered 500", done_at=world.now()
    )
    attempt(relay.conn, dead, status=500)
    hold(relay.conn, relay.find("paid-only"), [paid], "too large")
    page = ida.page("/orders/7")
    events = {
        event["id"]: [words(step) for step in event.select("li")] for event in page.select("#journey-events > li")
    }
    assert list(events) == [f"journey-{paid['id']}", f"journey-{placed['id']}"]
    by_name = {step.partition(" :")[0]: step for step in events[f"journey-{paid['id']}"]}
    assert by_name["stream"] == "stream : waiting"
    assert by_name["hook"] == "hook : waiting"
    assert by_name["paid-only"].startswith("paid-only : held since ")
    assert by_name["paid-only"].endswith("because it was refused (1 attempt). Too large.")
    by_name = {step.partition(" :")[0]: step for step in events[f"journey-{placed['id']}"]}
    assert set(by_name) == {"stream", "hook"}
    position = relay.conn.execute("SELECT positions[1] FROM relay_receipts").fetchone()
    assert position is not None
    assert by_name["stream"].startswith("stream : acknowledged ")
    assert by_name["stream"].endswith(f" at {position[0]}")
    assert "failed" in by_name["hook"]
    assert "answer 500 in 35 ms, 8 attempts. Answered 500." in by_name["hook"]
    assert page.select_one(f'#journey a[href="/relay/hook/deliveries/{dead}"]') is not None
    text_of_page = str(page.select_one("#journey"))
    assert "written" in text_of_page
    assert "by psql" in text_of_page


def test_the_link_has_a_badge_while_a_destination_needs_attention(
    relay: Relay, ida: Person, world: World, tenant: int
) -> None:
    relay.add(tenant_id=tenant)
    relay.add("hook", HOOK, tenant_id=tenant)
    world.order(tenant)

    def badge() -> str:
        fragment = words(ida.get("/panels/relay/badge").text)
        assert words(ida.page("/orders").select_one("#relay-badge")) == fragment
        return fragment

    assert badge() == ""
    relay.conn.execute("UPDATE relay_destinations SET failing_since = now() WHERE name = 'hook'")
    assert badge() == "1 , 1 destination needs attention"
    hold(relay.conn, relay.find(), world.events(), "too large")
    assert badge() == "2 , 2 destinations need attention"
    relay.conn.execute("UPDATE relay_destinations SET state = 'paused' WHERE name = 'hook'")
    assert badge() == "1 , 1 destination needs attention"


def test_each_page_has_the_part_of_its_address_and_an_unchanged_part_is_304(
    relay: Relay, ida: Person, world: World, tenant: int
) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    world.order(tenant, number="7")
    delivery = deliver(relay.conn, relay.find("hook"), world.events()[0], state="delivered", done_at=world.now())
    relay.conn.execute("UPDATE relay_destinations SET types = '{paid}'")  # no lag, whose age changes each second
    for page, element in (
        ("/relay", "#relay"),
        ("/relay/hook", "#relay_destination"),
        (f"/relay/hook/deliveries/{delivery}", "#relay_delivery"),
        ("/orders/7", "#journey"),
    ):
        part = ida.page(page).select_one(element)
        assert part is not None, page
        address = str(part["hx-get"])
        first = ida.get(address)
        assert first.status_code == 200
        for token in (*part.select("input[name=csrf_token]"), *(fresh := soup(first)).select("input[name=csrf_token]")):
            assert token["value"]
            token["value"] = "…"
        assert part.decode_contents().strip() == str(fresh).strip(), page
        assert ida.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304, page


@pytest.mark.parametrize("query", ["dead=x", "deliveries=-1", "audit=99999999999999999999", "dead=²"])
def test_an_invalid_place_of_a_list_is_its_beginning(relay: Relay, ida: Person, tenant: int, query: str) -> None:
    relay.add(tenant_id=tenant)
    assert "Added the destination stream." in seen(ida, f"/relay/stream?{query}")
