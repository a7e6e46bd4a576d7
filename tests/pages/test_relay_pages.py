"""The relay's pages: facts in words, verbs as buttons, no secret anywhere, for managers of the tenant only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import redis
from flask import Flask

from webapp import create_app
from webapp.relay import verbs

from ..conftest import config_for
from ..support.board import text
from ..support.browser import Person, soup
from ..support.ports import free_port
from ..support.receivers import Receiver
from ..support.relay import ACTOR, Relay, attempt, deliver, entries, hold
from ..support.signals import published
from ..support.world import Service, World

HOOK = "https://hooks.example.com/T0SECRETPATH/x?token=T0SECRETQUERY"
PAGES = ("/relay", "/relay/stream", "/panels/relay", "/panels/relay/destinations/stream", "/panels/relay/badge")
ACTIONS = (
    "pause", "resumption", "removal", "replays", "replays/cancellation", "retries", "skips", "resends", "tests", "secret",
    "deliveries/1/resends",
)  # fmt: skip


def words(html: object) -> str:
    """The text of an element as a reader sees it; its places for line breaks do not count."""
    return text(re.sub("<wbr/?>", "", str(html)))


def seen(person: Person, path: str) -> str:
    return words(person.page(path).select_one("main"))


def alert(person: Person, path: str = "/relay/stream") -> str:
    found = person.page(path).select_one(".alert")
    return "" if found is None else words(found)


def test_the_list_shows_each_destination_in_words(relay: Relay, mia: Person, world: World, tenant: int) -> None:
    relay.add(tenant_id=tenant, types=["paid", "refunded"])
    order = world.order(tenant)
    world.change(order, paid_at="now()")
    page = seen(mia, "/relay")
    for words in (
        "stream active",
        "Redis stream · Doorbell's own Redis, stream orders · paid, refunded",
        "Sends new events as they are written.",
        "Lag 1 event oldest",
        "Last minute 0 sent",
        "Acknowledged 0",
        "Dead letters None",
    ):
        assert words in page
    relay.run()
    page = seen(mia, "/relay")
    assert "Lag None" in page
    assert "Last minute 1 sent Acknowledged 1 last" in page


def test_a_lag_is_counted_up_to_ten_thousand(relay: Relay, mia: Person, world: World, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) "
        "SELECT %s, 'N' || n, 'Many', 'EUR', n FROM generate_series(1, 10001) n",
        [tenant],
    )
    assert "Lag More than 10,000 events" in seen(mia, "/relay")


def test_each_state_names_its_cause(relay: Relay, mia: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    mia.post("/relay/stream/pause", {"reason": "the broker moves"})
    page = seen(mia, "/relay/stream")
    assert "paused" in page
    assert f"Paused by Mia Manager (mia.{tenant}@example.com) since" in page
    assert "The broker moves. Its events wait." in page
    mia.post("/relay/stream/resumption")
    relay.conn.execute(
        "UPDATE relay_destinations SET failing_since = now(), last_error = 'the server refused the sign-in'"
    )
    page = seen(mia, "/relay")
    assert "stream failing" in page
    assert "The server refused the sign-in." in page
    relay.conn.execute(
        "UPDATE relay_destinations SET state = 'disabled', state_reason = 'every attempt has failed for 5 days'"
    )
    page = seen(mia, "/relay")
    assert "stream disabled" in page
    assert "Every attempt has failed for 5 days. Its events wait. Resume it once the cause is repaired." in page


def test_an_empty_list_shows_the_command_that_adds_a_destination(mia: Person, tenant: int) -> None:
    page = seen(mia, "/relay")
    assert "No destinations yet" in page
    assert 'flask relay add shop-events "redis:///?stream=doorbell:{tenant}:orders" --tenant acme' in page


def test_salespeople_see_no_link_no_page_and_no_journey(
    relay: Relay, ana: Person, mia: Person, world: World, tenant: int
) -> None:
    relay.add(tenant_id=tenant)
    order = world.order(tenant, number="7")
    assert mia.page("/").select_one('nav a[href="/relay"]') is not None
    assert ana.page("/").select_one('nav a[href="/relay"]') is None
    for path in (*PAGES, f"/panels/orders/{order}/journey"):
        assert mia.get(path).status_code == 200, path
        answer = ana.get(path)
        assert answer.status_code == 403, path
        assert "You do not have permission for this" in answer.text, path
    for action in ACTIONS:
        assert ana.post(f"/relay/stream/{action}").status_code == 403, action
    assert mia.page("/orders/7").select_one("#journey") is not None
    assert ana.page("/orders/7").select_one("#journey") is None
    assert relay.audit() == [(ACTOR, "added")]


def test_a_manager_of_another_tenant_sees_and_changes_nothing(
    relay: Relay, app: Flask, world: World, tenant: int
) -> None:
    relay.add(tenant_id=tenant)
    stranger = Person(app, world.user(world.tenant("globex"), "Stan Ranger", role="manager"))
    assert "No destinations yet" in seen(stranger, "/relay")
    assert "stream" not in stranger.get("/panels/relay/destinations/stream").text
    for path in ("/relay/stream", "/relay/stream/deliveries/1", "/panels/relay/destinations/stream/deliveries/1"):
        assert stranger.get(path).status_code == 404, path
    for action in ACTIONS:
        assert stranger.post(f"/relay/stream/{action}").status_code == 404, action
    assert relay.audit() == [(ACTOR, "added")]


def test_a_destination_of_all_tenants_is_shown_only_to_the_only_tenant(
    relay: Relay, mia: Person, world: World, tenant: int
) -> None:
    relay.add()
    assert mia.get("/relay/stream").status_code == 200
    world.tenant("globex")
    assert mia.get("/relay/stream").status_code == 404
    assert "No destinations yet" in seen(mia, "/relay")


def test_no_page_has_a_secret_of_an_address(relay: Relay, mia: Person, world: World, tenant: int) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    relay.add("stream", "redis://user:T0SECRETPASSWORD@redis.example.com/0?stream=orders", tenant_id=tenant)
    relay.add("bus", "nats://T0SECRETTOKEN@nats.example.com:4222", tenant_id=tenant)
    order = world.order(tenant, number="7")
    delivery = deliver(relay.conn, relay.find("hook"), world.events()[0], state="dead", reason="answered 500")
    answers = [mia.get(f"/panels/orders/{order}/journey").text, mia.get("/orders/7").text, mia.get("/relay").text]
    for name in ("hook", "stream", "bus"):
        mia.post(f"/relay/{name}/pause", {"reason": "test"})
        answers += [mia.get(f"/relay/{name}").text, mia.get(f"/panels/relay/destinations/{name}").text]
    answers.append(mia.get(f"/relay/hook/deliveries/{delivery}").text)
    assert "https://hooks.example.com" in words(answers[2])
    assert "redis.example.com:6379, stream orders" in words(answers[2])
    assert [answer for answer in answers if "T0SECRET" in answer] == []


def test_a_resume_from_now_leaves_out_what_waited(
    relay: Relay, mia: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    mia.post("/relay/stream/pause")
    world.order(tenant)
    page = mia.page("/relay/stream")
    assert "1 event is left out." in words(page)
    assert (
        mia.client.post("/relay/stream/resumption", data={"start": "now", "csrf_token": mia.csrf_token()}).status_code
        == 303
    )
    assert alert(mia) == "Resumed stream from now."
    relay.run()
    assert entries(redis_client) == []


def test_a_refused_verb_is_shown_as_a_message(relay: Relay, mia: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    answer = mia.post("/relay/stream/resumption")
    assert (answer.status_code, answer.location) == (303, "/relay/stream")
    assert alert(mia) == "stream is active already."
    mia.post("/relay/stream/secret")
    assert alert(mia) == "stream is not a webhook; only a webhook has a signing secret."
    mia.post("/relay/stream/replays", {"since": "", "rate": "500"})
    assert alert(mia) == "From is ''. Choose a date and a time."
    mia.post("/relay/stream/replays", {"since": "2026-01-01T00:00", "rate": "fast"})
    assert alert(mia) == "The rate is 'fast'. Enter events per second, 1 to 100,000."
    mia.post("/relay/stream/skips", {"event": "x"})
    assert alert(mia) == "'x' is not a number of an event. Reload the page and try again."


def test_an_action_of_the_list_leads_back_to_the_list(relay: Relay, mia: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    answer = mia.send(mia.page("/relay"), "/relay/stream/pause")
    assert (answer.status_code, answer.location) == (303, "/relay")
    assert alert(mia, "/relay") == "Paused stream. Its events wait until you resume it."


def test_a_removal_keeps_the_audit_log_and_its_page_shows_a_notice(relay: Relay, mia: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    answer = mia.send(mia.page("/relay/stream"), "/relay/stream/removal")
    assert answer.location == "/relay"
    assert mia.get("/relay/stream").status_code == 404
    assert "This destination no longer exists" in mia.get("/panels/relay/destinations/stream").text
    assert relay.audit()[-1] == (f"Mia Manager (mia.{tenant}@example.com)", "removed")


def test_the_log_of_a_name_does_not_show_an_earlier_destination_of_that_name(
    relay: Relay, mia: Person, world: World, tenant: int
) -> None:
    other = world.tenant("globex")
    verbs.pause(relay.conn, relay.add(tenant_id=other), ACTOR, "of globex")
    verbs.remove(relay.conn, relay.find(), ACTOR)
    relay.add(tenant_id=tenant)
    log = words(mia.page("/relay/stream").select_one("#relay-audit-log"))
    assert log.startswith("Added.")
    assert "globex" not in log


def test_a_replay_is_requested_in_the_tenants_zone_and_shows_its_progress(
    relay: Relay, mia: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    world.change(world.order(tenant), paid_at="now()")
    mia.post("/relay/stream/replays", {"since": "2026-01-01T00:00", "types": "paid", "rate": "50"})
    row = relay.conn.execute(
        "SELECT recorded_from, types, events_per_second, requested_by FROM relay_replays"
    ).fetchone()
    assert row is not None
    assert row[0] == datetime(2025, 12, 31, 23, 0, tzinfo=UTC)  # midnight in Berlin
    assert row[1:3] == (["paid"], 50)
    page = mia.page("/relay/stream")
    assert "of paid, 1 Jan 2026, 00:00:00 to" in words(page.select_one("#replay-1"))
    assert page.select_one("#replay-1 .share-bar") is not None
    assert page.select_one("#cancel-replay") is not None
    relay.run()
    page = mia.page("/relay/stream")
    assert "done, 1 sent" in words(page.select_one("#replay-1"))
    assert page.select_one("#cancel-replay") is None
    assert len([event for event in entries(redis_client) if "doorbellreplay" in event]) == 1


def test_a_running_replay_can_be_cancelled(relay: Relay, mia: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    mia.post("/relay/stream/replays", {"since": "2026-01-01T00:00", "rate": "1"})
    mia.send(mia.page("/relay/stream"), "/relay/stream/replays/cancellation")
    assert "cancelled, 0 sent" in seen(mia, "/relay/stream")


def test_a_dead_letter_is_shown_with_what_waits_and_a_retry_sends_both(
    relay: Relay, mia: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    order = world.order(tenant, number="7")
    world.change(order, paid_at="now()")
    relay.run()
    hold(relay.conn, relay.find(), world.events(), "no queue <b>takes</b> it")
    dead = mia.page("/relay/stream").select_one("#relay-dead-scroll tbody")
    assert dead is not None
    first = world.events()[0]["id"]
    assert words(dead).startswith(f"{first} placed 7 No queue &lt;b&gt;takes&lt;/b&gt; it. 1 ")
    assert "1 event Retry" in words(dead)
    assert dead.select_one('a[href="/orders/7"]') is not None
    assert "Dead letters 1 1 wait behind" in seen(mia, "/relay")
    mia.send(mia.page("/relay/stream"), "/relay/stream/retries", event=str(first))
    assert alert(mia) == "1 dead letter is sent again within a few seconds."
    assert "Retry requested" in seen(mia, "/relay/stream")
    before = len(entries(redis_client))
    relay.run()
    assert len(entries(redis_client)) == before + 2
    assert "No dead letters" in seen(mia, "/relay/stream")


def test_a_skipped_dead_letter_is_dropped_and_the_next_event_is_sent(
    relay: Relay, mia: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    world.change(world.order(tenant, number="7"), paid_at="now()")
    verbs.pause(relay.conn, relay.find(), ACTOR)
    verbs.resume(relay.conn, relay.find(), ACTOR, from_now=True)
    hold(relay.conn, relay.find(), world.events(), "too large")
    mia.send(mia.page("/relay/stream"), "/relay/stream/skips")
    relay.run()
    assert [event["type"] for event in entries(redis_client)] == ["doorbell.order.paid"]
    steps = [words(step) for step in mia.page("/orders/7").select("#journey .relay-steps li")]
    assert steps[0].startswith("stream : acknowledged ")
    assert steps[1].startswith("stream : skipped ")


def test_long_lists_have_pages(relay: Relay, mia: Person, world: World, tenant: int) -> None:
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
            page = mia.page(address)
            pages.append([str(row["id"]) for row in page.select(f"{rows} tbody tr")])
            section = page.select_one(rows)
            assert section is not None
            assert section.parent is not None
            link = section.parent.select_one("a[rel=next]")
            address = "" if link is None else str(link["href"])
            fetched = mia.page(str(page.select("#relay_destination")[0]["hx-get"]))
            assert [str(row["id"]) for row in fetched.select(f"{rows} tbody tr")] == pages[-1]
        assert [len(ids) for ids in pages] == [25, 25, 10]
        assert len({each for ids in pages for each in ids}) == count


def test_a_webhooks_deliveries_show_attempts_and_answers(relay: Relay, mia: Person, world: World, tenant: int) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    world.order(tenant, number="7")
    event = world.events()[0]
    waiting = deliver(relay.conn, relay.find("hook"), event, attempts=2, reason="answered 503")
    attempt(relay.conn, waiting, error="no answer in 15 seconds", milliseconds=15000)
    attempt(relay.conn, waiting, status=503, answer="<script>alert(1)</script>" + "x" * 9000)
    rows = words(mia.page("/relay/hook").select_one("#relay-deliveries-scroll tbody"))
    assert rows.startswith(f"{waiting} placed 7 waiting 2 503 in 35 ms ")
    page = mia.page(f"/relay/hook/deliveries/{waiting}")
    attempts = words(page.select_one("#attempts"))
    assert "No answer" in attempts
    assert "No answer in 15 seconds." in attempts
    answer = page.select_one("#attempts pre")
    assert answer is not None
    assert answer.text.startswith("<script>alert(1)</script>xxx")
    assert len(answer.text) == 4001
    assert page.select("#attempts script") == []
    assert mia.get(f"/relay/hook/deliveries/{waiting + 1}").status_code == 404


def test_failed_deliveries_can_be_sent_again_one_by_one_and_since_a_time(
    relay: Relay, mia: Person, world: World, tenant: int
) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    world.order(tenant, number="7")
    event, done = world.events()[0], datetime.now(UTC)
    one = deliver(relay.conn, relay.find("hook"), event, state="delivered", done_at=done)
    old = deliver(relay.conn, relay.find("hook"), event, state="dead", done_at=done - timedelta(days=3))
    new = deliver(relay.conn, relay.find("hook"), event, state="dead", done_at=done)
    answer = mia.send(mia.page("/relay/hook"), f"/relay/hook/deliveries/{one}/resends")
    assert answer.location == f"/relay/hook/deliveries/{one}"
    since = (done - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    mia.send(mia.page("/relay/hook"), "/relay/hook/resends", since=since)
    states = dict(relay.conn.execute("SELECT id, state FROM webhook_deliveries").fetchall())
    assert states == {one: "waiting", old: "dead", new: "waiting"}


def test_a_new_secret_is_shown_once_and_its_verification_can_be_copied(relay: Relay, mia: Person, tenant: int) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    answer = mia.send(mia.page("/relay/hook"), "/relay/hook/secret")
    assert answer.status_code == 200
    shown = soup(answer).select_one("#new-secret")
    assert shown is not None
    assert shown.text.startswith("whsec_")
    assert answer.headers["Cache-Control"] == "private, no-store"
    page = mia.page("/relay/hook")
    assert shown.text not in str(page)
    code = page.select_one("#verification")
    assert code is not None
    assert "def verify(secret: str" in code.text


def test_an_orders_journey_shows_each_event_at_each_destination(
    relay: Relay, mia: Person, world: World, tenant: int
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
    page = mia.page("/orders/7")
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
    relay: Relay, mia: Person, world: World, tenant: int
) -> None:
    relay.add(tenant_id=tenant)
    relay.add("hook", HOOK, tenant_id=tenant)
    world.order(tenant)

    def badge() -> str:
        fragment = words(mia.get("/panels/relay/badge").text)
        assert words(mia.page("/orders").select_one("#relay-badge")) == fragment
        return fragment

    assert badge() == ""
    relay.conn.execute("UPDATE relay_destinations SET failing_since = now() WHERE name = 'hook'")
    assert badge() == "1 , 1 destination needs attention"
    hold(relay.conn, relay.find(), world.events(), "too large")
    assert badge() == "2 , 2 destinations need attention"
    relay.conn.execute("UPDATE relay_destinations SET state = 'paused' WHERE name = 'hook'")
    assert badge() == "1 , 1 destination needs attention"


def test_each_page_has_the_part_of_its_address_and_an_unchanged_part_is_304(
    relay: Relay, mia: Person, world: World, tenant: int
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
        part = mia.page(page).select_one(element)
        assert part is not None, page
        address = str(part["hx-get"])
        first = mia.get(address)
        assert first.status_code == 200
        for token in (*part.select("input[name=csrf_token]"), *(fresh := soup(first)).select("input[name=csrf_token]")):
            assert token["value"]
            token["value"] = "…"
        assert part.decode_contents().strip() == str(fresh).strip(), page
        assert mia.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304, page


@pytest.mark.parametrize("query", ["dead=x", "deliveries=-1", "audit=99999999999999999999", "dead=²"])
def test_an_invalid_place_of_a_list_is_its_beginning(relay: Relay, mia: Person, tenant: int, query: str) -> None:
    relay.add(tenant_id=tenant)
    assert "Added." in seen(mia, f"/relay/stream?{query}")


def test_the_test_of_a_broker_connects_without_sending(
    relay: Relay, mia: Person, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    mia.send(mia.page("/relay/stream"), "/relay/stream/tests")
    assert alert(mia).startswith("stream works: Redis ")
    assert entries(redis_client) == []
    relay.add("away", f"redis://127.0.0.1:{free_port()}/0?stream=x", tenant_id=tenant)
    mia.send(mia.page("/relay/away"), "/relay/away/tests")
    assert alert(mia, "/relay/away").startswith("The test of away failed. ")


def test_the_test_of_a_webhook_sends_a_sample_of_the_chosen_type(
    relay: Relay, service: Service, world: World, tenant: int, receiver: Receiver
) -> None:
    app = create_app(config_for(service, WEBHOOK_ALLOW="127.0.0.0/8"))
    mia = Person(app, world.user(tenant, "Mia Manager", role="manager"))
    relay.add("hook", receiver.url, tenant_id=tenant)
    mia.send(mia.page("/relay/hook"), "/relay/hook/tests", type="refunded")
    assert alert(mia, "/relay/hook").startswith("hook works: ")
    assert b'"type":"doorbell.order.refunded"' in receiver.visits[0].body
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_the_test_of_a_webhook_at_a_private_address_is_refused(relay: Relay, mia: Person, tenant: int) -> None:
    relay.add("hook", "https://127.0.0.1/hook", tenant_id=tenant)
    mia.send(mia.page("/relay/hook"), "/relay/hook/tests")
    found = alert(mia, "/relay/hook")
    assert found.startswith("The test of hook failed. ")
    assert "WEBHOOK_ALLOW" in found


def test_a_verb_is_announced_to_the_other_managers(
    relay: Relay, mia: Person, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    mia.post("/relay/stream/pause")
    (signal,) = published(redis_client, tenant)
    assert [list(names) for names in signal.users.values()] == [["relay"]]
