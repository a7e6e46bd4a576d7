"""The pages of a webhook: deliveries with their answers, resends, the secret, the test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp import create_app

from ..conftest import config_for
from ..support.browser import Person, soup
from ..support.receivers import StartReceiver, answering
from ..support.relay import Relay, attempt, deliver
from ..support.relay_pages import alert, words
from ..support.world import Service, World

pytestmark = pytest.mark.web_role

HOOK = "https://hooks.example.com/T0SECRETPATH/x?token=T0SECRETQUERY"


def test_a_webhooks_deliveries_show_attempts_and_answers(relay: Relay, ida: Person, world: World, tenant: int) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    world.order(tenant, number="7")
    event = world.events()[0]
    waiting = deliver(relay.conn, relay.find("hook"), event, attempts=2, reason="answered 503")
    attempt(relay.conn, waiting, error="no answer in 15 seconds", milliseconds=15000)
    attempt(relay.conn, waiting, status=503, answer="<script>alert(1)</script>" + "x" * 9000)
    rows = words(ida.page("/relay/hook").select_one("#relay-deliveries-scroll tbody"))
    assert rows.startswith(f"{waiting} placed 7 waiting 2 503 in 35 ms ")
    page = ida.page(f"/relay/hook/deliveries/{waiting}")
    attempts = words(page.select_one("#attempts"))
    assert "No answer" in attempts
    assert "No answer in 15 seconds." in attempts
    answer = page.select_one("#attempts pre")
    assert answer is not None
    assert answer.text.startswith("<script>alert(1)</script>xxx")
    assert len(answer.text) == 4001
    assert page.select("#attempts script") == []
    assert ida.get(f"/relay/hook/deliveries/{waiting + 1}").status_code == 404


def test_failed_deliveries_can_be_sent_again_one_by_one_and_since_a_time(
    relay: Relay, ida: Person, world: World, tenant: int
) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    world.order(tenant, number="7")
    event, done = world.events()[0], datetime.now(UTC)
    one = deliver(relay.conn, relay.find("hook"), event, state="delivered", done_at=done)
    old = deliver(relay.conn, relay.find("hook"), event, state="dead", done_at=done - timedelta(days=3))
    new = deliver(relay.conn, relay.find("hook"), event, state="dead", done_at=done)
    answer = ida.send(ida.page("/relay/hook"), f"/relay/hook/deliveries/{one}/resends")
    assert answer.location == f"/relay/hook/deliveries/{one}"
    since = (done - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    ida.send(ida.page("/relay/hook"), "/relay/hook/resends", since=since)
    states = dict(relay.conn.execute("SELECT id, state FROM webhook_deliveries").fetchall())
    assert states == {one: "waiting", old: "dead", new: "waiting"}


def test_a_new_secret_is_shown_once_and_its_verification_can_be_copied(relay: Relay, ida: Person, tenant: int) -> None:
    relay.add("hook", HOOK, tenant_id=tenant)
    answer = ida.send(ida.page("/relay/hook"), "/relay/hook/secret")
    assert answer.status_code == 200
    shown = soup(answer).select_one("#new-secret")
    assert shown is not None
    assert shown.text.startswith("whsec_")
    assert answer.headers["Cache-Control"] == "private, no-store"
    page = ida.page("/relay/hook")
    assert shown.text not in str(page)
    code = page.select_one("#verification")
    assert code is not None
    assert "def verify(secret: str" in code.text


def test_the_test_of_a_webhook_sends_a_sample_of_the_chosen_type(
    relay: Relay, service: Service, world: World, tenant: int, receiver: StartReceiver
) -> None:
    app = create_app(config_for(service, WEBHOOK_ALLOW="127.0.0.0/8"))
    ida = Person(app, world.user(tenant, "Ida Admin", role="admin"))
    hook = receiver(answering(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"))
    relay.add("hook", hook.url, tenant_id=tenant)
    ida.send(ida.page("/relay/hook"), "/relay/hook/tests", type="refunded")
    assert alert(ida, "/relay/hook").startswith("hook works: ")
    assert b'"type":"doorbell.order.refunded"' in hook.visits[0].body
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_the_test_of_a_webhook_at_a_private_address_is_refused(relay: Relay, ida: Person, tenant: int) -> None:
    relay.add("hook", "https://127.0.0.1/hook", tenant_id=tenant)
    ida.send(ida.page("/relay/hook"), "/relay/hook/tests")
    found = alert(ida, "/relay/hook")
    assert found.startswith("The test of hook failed. ")
    assert "WEBHOOK_ALLOW" in found
