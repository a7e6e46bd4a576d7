"""The notification of a disabled webhook: to the admins that see it, in the same transaction, once per disabling."""

from __future__ import annotations

import pytest
import redis

from webapp.events.topics import INBOX
from webapp.relay import verbs

from ..support.receivers import StartReceiver
from ..support.relay import ACTOR, Relay
from ..support.signals import published
from ..support.webhooks import HOOK, Inbox, failing, make_due
from ..support.world import World

Row = tuple[int, str, str, str | None]


@pytest.fixture
def ida(world: World, acme: int) -> int:
    return world.user(acme, "Ida Admin", role="admin")


@pytest.fixture(autouse=True)
def others(world: World, acme: int, ida: int) -> None:
    """Users that do not see the page of a destination."""
    world.user(acme, "Ana Silva")
    world.user(acme, "Dora Disabled", role="admin", disabled_at="2026-01-01")


def notifications(relay: Relay) -> list[Row]:
    return relay.conn.execute("SELECT user_id, destination, type, error FROM notifications ORDER BY id").fetchall()


def inbox_signals(client: redis.Redis, tenant: int) -> list[set[int]]:
    """The users of each signal of the topic `inbox`."""
    users = [{user for user, names in signal.users.items() if INBOX in names} for signal in published(client, tenant)]
    return [found for found in users if found]


def test_five_days_of_failures_notify_the_admins_once_with_the_last_error(
    relay: Relay, world: World, acme: int, ida: int, inbox: Inbox, redis_client: redis.Redis
) -> None:
    ben = world.user(acme, "Ben Boss", role="admin")
    failing(inbox, 500)
    world.order(acme)
    relay.run(HOOK)
    assert (notifications(relay), inbox_signals(redis_client, acme)) == ([], [])
    relay.conn.execute("UPDATE relay_destinations SET failing_since = now() - interval '5 days'")
    for _order in range(20):
        world.order(acme)
    relay.run(HOOK)
    relay.run(HOOK)
    error = "The endpoint answered 500 Internal Server Error; only 2xx is a success."
    assert notifications(relay) == [(ida, HOOK, "failed", error), (ben, HOOK, "failed", error)]
    assert inbox_signals(redis_client, acme) == [{ida, ben}]


def test_410_notifies_in_the_transaction_that_disables_once_per_disabling(
    relay: Relay, world: World, acme: int, ida: int, inbox: Inbox, redis_client: redis.Redis
) -> None:
    failing(inbox, 410)
    for _order in range(40):
        world.order(acme)
    relay.run(HOOK)
    assert notifications(relay) == [(ida, HOOK, "gone", None)]
    verbs.resume(relay.conn, relay.find(HOOK), ACTOR)
    make_due(relay.conn)
    relay.run(HOOK)
    assert notifications(relay) == [(ida, HOOK, "gone", None)] * 2
    assert inbox_signals(redis_client, acme) == [{ida}] * 2
    together = relay.conn.execute(
        "SELECT count(*) FROM notifications n JOIN relay_audit a ON a.xmin = n.xid::xid"
        " WHERE a.verb = 'disabled' AND n.destination_id = %s",
        [relay.find(HOOK).id],
    ).fetchone()
    assert together == (2,)


def test_a_pause_by_an_admin_notifies_no_user(
    relay: Relay, world: World, acme: int, inbox: Inbox, redis_client: redis.Redis
) -> None:
    failing(inbox, 500)
    world.order(acme)
    relay.run(HOOK)
    relay.conn.execute("UPDATE relay_destinations SET failing_since = now() - interval '6 days'")
    verbs.pause(relay.conn, relay.find(HOOK), ACTOR)
    relay.run(HOOK)
    assert relay.find(HOOK).state == "paused"
    assert (notifications(relay), inbox_signals(redis_client, acme)) == ([], [])


def test_a_tenants_webhook_notifies_its_own_admins_and_one_of_all_tenants_none_of_several(
    relay: Relay, world: World, acme: int, ida: int, receiver: StartReceiver, short_runs: None
) -> None:
    world.user(world.tenant("globex"), "Otto Other", role="admin")
    gone = Inbox()
    failing(gone, 410)
    relay.add("own", receiver(gone).url, tenant_id=acme)
    relay.add("all", receiver(gone).url)
    world.order(acme)
    for name in ("own", "all"):
        relay.run(name)
        assert relay.find(name).state == "disabled"
    assert notifications(relay) == [(ida, "own", "gone", None)]


def test_the_notification_stays_when_the_webhook_is_removed(
    relay: Relay, world: World, acme: int, ida: int, inbox: Inbox
) -> None:
    failing(inbox, 410)
    world.order(acme)
    relay.run(HOOK)
    verbs.remove(relay.conn, relay.find(HOOK), ACTOR)
    assert notifications(relay) == [(ida, HOOK, "gone", None)]
