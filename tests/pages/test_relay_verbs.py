"""The buttons of the relay's pages: each does its verb and shows the outcome."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import redis

from webapp.relay import verbs

from ..support.browser import Person
from ..support.ports import free_port
from ..support.relay import ACTOR, Relay, entries, hold
from ..support.relay_pages import alert, seen, words
from ..support.signals import published
from ..support.world import World

pytestmark = pytest.mark.web_role


def test_a_resume_from_now_leaves_out_what_waited(
    relay: Relay, ida: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    ida.post("/relay/stream/pause")
    world.order(tenant)
    page = ida.page("/relay/stream")
    assert "1 event is left out." in words(page)
    assert (
        ida.client.post("/relay/stream/resumption", data={"start": "now", "csrf_token": ida.csrf_token()}).status_code
        == 303
    )
    assert alert(ida) == "Resumed stream from now."
    relay.run()
    assert entries(redis_client) == []


def test_a_refused_verb_is_shown_as_a_message(relay: Relay, ida: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    answer = ida.post("/relay/stream/resumption")
    assert (answer.status_code, answer.location) == (303, "/relay/stream")
    assert alert(ida) == "stream is active already."
    ida.post("/relay/stream/secret")
    assert alert(ida) == "stream is not a webhook; only a webhook has a signing secret."
    ida.post("/relay/stream/replays", {"since": "", "rate": "500"})
    assert alert(ida) == "From is ''. Choose a date and a time."
    ida.post("/relay/stream/replays", {"since": "2026-01-01T00:00", "rate": "fast"})
    assert alert(ida) == "The rate is 'fast'. Enter events per second, 1 to 100,000."
    ida.post("/relay/stream/skips", {"event": "x"})
    assert alert(ida) == "'x' is not a number of an event. Reload the page and try again."


def test_an_action_of_the_list_leads_back_to_the_list(relay: Relay, ida: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    answer = ida.send(ida.page("/relay"), "/relay/stream/pause")
    assert (answer.status_code, answer.location) == (303, "/relay")
    assert alert(ida, "/relay") == "Paused stream. Its events wait until you resume it."


def test_a_removal_keeps_the_audit_log_and_its_page_shows_a_notice(relay: Relay, ida: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    answer = ida.send(ida.page("/relay/stream"), "/relay/stream/removal")
    assert answer.location == "/relay"
    assert ida.get("/relay/stream").status_code == 404
    assert "This destination no longer exists" in ida.get("/panels/relay/destinations/stream").text
    assert relay.audit()[-1] == (f"Ida Admin (ida.{tenant}@example.com)", "removed")


def test_the_log_of_a_name_does_not_show_an_earlier_destination_of_that_name(
    relay: Relay, ida: Person, world: World, tenant: int
) -> None:
    other = world.tenant("globex")
    verbs.pause(relay.conn, relay.add(tenant_id=other), ACTOR, "of globex")
    verbs.remove(relay.conn, relay.find(), ACTOR)
    relay.add(tenant_id=tenant)
    log = words(ida.page("/relay/stream").select_one("#relay-audit-log"))
    assert log.startswith("Added the destination stream.")
    assert "globex" not in log


def test_a_replay_is_requested_in_the_tenants_zone_and_shows_its_progress(
    relay: Relay, ida: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    world.change(world.order(tenant), paid_at="now()")
    ida.post("/relay/stream/replays", {"since": "2026-01-01T00:00", "types": "paid", "rate": "50"})
    row = relay.conn.execute(
        "SELECT recorded_from, types, events_per_second, requested_by FROM relay_replays"
    ).fetchone()
    assert row is not None
    assert row[0] == datetime(2025, 12, 31, 23, 0, tzinfo=UTC)  # midnight in Berlin
    assert row[1:3] == (["paid"], 50)
    page = ida.page("/relay/stream")
    assert "of paid, 1 Jan 2026, 00:00:00 to" in words(page.select_one("#replay-1"))
    assert page.select_one("#replay-1 .share-bar") is not None
    assert page.select_one("#cancel-replay") is not None
    relay.run()
    page = ida.page("/relay/stream")
    assert "done, 1 sent" in words(page.select_one("#replay-1"))
    assert page.select_one("#cancel-replay") is None
    assert len([event for event in entries(redis_client) if "doorbellreplay" in event]) == 1


def test_a_running_replay_can_be_cancelled(relay: Relay, ida: Person, tenant: int) -> None:
    relay.add(tenant_id=tenant)
    ida.post("/relay/stream/replays", {"since": "2026-01-01T00:00", "rate": "1"})
    ida.send(ida.page("/relay/stream"), "/relay/stream/replays/cancellation")
    assert "cancelled, 0 sent" in seen(ida, "/relay/stream")


def test_a_dead_letter_is_shown_with_what_waits_and_a_retry_sends_both(
    relay: Relay, ida: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    order = world.order(tenant, number="7")
    world.change(order, paid_at="now()")
    relay.run()
    hold(relay.conn, relay.find(), world.events(), "no queue <b>takes</b> it")
    dead = ida.page("/relay/stream").select_one("#relay-dead-scroll tbody")
    assert dead is not None
    first = world.events()[0]["id"]
    assert words(dead).startswith(f"{first} placed 7 No queue &lt;b&gt;takes&lt;/b&gt; it. 1 ")
    assert "1 event Retry" in words(dead)
    assert dead.select_one('a[href="/orders/7"]') is not None
    assert "Dead letters 1 1 waits behind" in seen(ida, "/relay")
    ida.send(ida.page("/relay/stream"), "/relay/stream/retries", event=str(first))
    assert alert(ida) == "1 dead letter is sent again within a few seconds."
    assert "Retry requested" in seen(ida, "/relay/stream")
    before = len(entries(redis_client))
    relay.run()
    assert len(entries(redis_client)) == before + 2
    assert "No dead letters" in seen(ida, "/relay/stream")


def test_a_skipped_dead_letter_is_dropped_and_the_next_event_is_sent(
    relay: Relay, ida: Person, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    world.change(world.order(tenant, number="7"), paid_at="now()")
    verbs.pause(relay.conn, relay.find(), ACTOR)
    verbs.resume(relay.conn, relay.find(), ACTOR, from_now=True)
    hold(relay.conn, relay.find(), world.events(), "too large")
    ida.send(ida.page("/relay/stream"), "/relay/stream/skips")
    relay.run()
    assert [event["type"] for event in entries(redis_client)] == ["doorbell.order.paid"]
    steps = [words(step) for step in ida.page("/orders/7").select("#journey .relay-steps li")]
    assert steps[0].startswith("stream : acknowledged ")
    assert steps[1].startswith("stream : skipped ")


def test_the_test_of_a_broker_connects_without_sending(
    relay: Relay, ida: Person, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    ida.send(ida.page("/relay/stream"), "/relay/stream/tests")
    assert alert(ida).startswith("stream works: Redis ")
    assert entries(redis_client) == []
    relay.add("away", f"redis://127.0.0.1:{free_port()}/0?stream=x", tenant_id=tenant)
    ida.send(ida.page("/relay/away"), "/relay/away/tests")
    assert alert(ida, "/relay/away").startswith("The test of away failed. ")


def test_a_verb_is_announced_to_the_other_admins(
    relay: Relay, ida: Person, tenant: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=tenant)
    ida.post("/relay/stream/pause")
    (signal,) = published(redis_client, tenant)
    assert [list(names) for names in signal.users.values()] == [["relay"]]
