"""Many new notifications at once: folded by subject and by the channels that the user wants."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.db import db
from webapp.models import User
from webapp.notifications import preferences
from webapp.queries import new_items
from webapp.queries.new_items import NewItems

from ..support.board import get, text
from ..support.browser import Person
from ..support.figures import NOON, tenant
from ..support.world import World

EVER = "3:3:"
TOAST = frozenset({"toast"})


pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def ana(world: World) -> int:
    world.tenant("acme")
    return world.user(1, "Ana Silva")


def read(user: int) -> NewItems:
    return new_items.read(tenant(1), NOON, db.session.get_one(User, user), EVER)


def mention(world: World, user: int) -> None:
    world.conn.execute(
        "INSERT INTO notifications (tenant_id, user_id, order_id, event_id, type)"
        " SELECT tenant_id, %s, order_id, id, 'mentioned' FROM order_events e"
        " WHERE type = 'placed' AND NOT EXISTS (SELECT FROM notifications n WHERE n.event_id = e.id)",
        [user],
    )


def test_three_payments_and_a_shipment_are_one_fold_with_the_total_of_their_orders(
    app: Flask, world: World, ana: int
) -> None:
    for total in (10_000, 20_000, 61_240):
        world.order(1, total, owner_id=ana)
    world.conn.execute("UPDATE orders SET paid_at = now()")
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE total_minor = 10000")
    new = read(ana)
    [fold] = new.folds
    assert new.is_folded
    assert (fold.subject, fold.count, fold.subjects, fold.total_minor) == ("orders", 4, 3, 91_240)
    assert fold.types == ("paid", "shipped")
    answer = text(get(Person(app, ana).client, f"/panels/inbox/new-items?seen={EVER}"))
    assert "3 of your orders were paid or shipped · €912.40" in answer


def test_mixed_kinds_have_a_fold_per_subject_and_none_counts_an_order_of_another(world: World, ana: int) -> None:
    ben = world.user(1, "Ben Okafor")
    paid, taken = world.order(1, 500, owner_id=ana), world.order(1, 700, owner_id=ana)
    world.order(1, 900, owner_id=ana, assigns=True)
    world.change(paid, paid_at="now")
    world.change(taken, owner_id=ben)
    mention(world, ana)
    folds = {fold.subject: (fold.count, fold.subjects, fold.total_minor) for fold in read(ana).folds}
    assert folds == {
        "orders": (1, 1, 500),
        "unassigned": (1, 1, 700),
        "assigned": (1, 1, 900),
        "mentioned": (2, 2, 1200),
    }


def test_kinds_with_other_channels_are_folds_of_their_own(world: World, ana: int) -> None:
    user = db.session.get_one(User, ana)
    preferences.save(user, {"shipped": frozenset({"toast", "sound"})}, None)
    for _ in range(3):
        world.order(1, owner_id=ana)
    world.conn.execute("UPDATE orders SET paid_at = now(), shipped_at = now()")
    folds = {fold.channels: fold.types for fold in read(ana).folds}
    assert folds == {TOAST: ("paid",), frozenset({"toast", "sound"}): ("shipped",)}


def test_a_muted_kind_is_unread_and_in_no_fold_until_it_is_unmuted(world: World, ana: int) -> None:
    user = db.session.get_one(User, ana)
    preferences.save(user, {"paid": frozenset({"desktop"})}, None)
    preferences.mute(user, "paid")
    world.order(1, owner_id=ana, paid_at="now", shipped_at="now")
    new = read(ana)
    assert (new.unread, new.count, [item.type for item in new.items]) == (2, 2, ["shipped"])
    preferences.unmute(user, "paid")
    channels = {item.type: item.channels for item in read(ana).items}
    assert channels == {"paid": frozenset({"desktop"}), "shipped": TOAST}


def test_nothing_new_is_no_fold(world: World, ana: int) -> None:
    new = read(ana)
    assert (new.count, new.unread, new.items, new.folds, new.is_folded) == (0, 0, (), (), False)
