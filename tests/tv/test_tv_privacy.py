"""With percentages instead of money, no amount is in any byte that a TV receives."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from ..support.browser import Person
from ..support.tvs import Tv, make_tv
from ..support.world import World

# Each in minor units; no other number of the pages has these digits.
AMOUNTS = {"first": 7_391_735, "second": 4_826_482, "line": 9_617_961, "day": 28_648_286, "target": 83_517_835}
SUMS = (AMOUNTS["first"] + AMOUNTS["second"], AMOUNTS["first"] + AMOUNTS["second"] + AMOUNTS["day"])


@pytest.fixture
def busy(world: World) -> int:
    """A tenant whose figures are all made of AMOUNTS."""
    tenant = world.tenant(name="Northwind", timezone="UTC")
    world.conn.execute("UPDATE tenants SET working_days = '{1,2,3,4,5,6,7}'")
    ana = world.user(tenant, "Ana Silva")
    order = world.order(tenant, AMOUNTS["first"], owner_id=ana, paid_at="now")
    world.order(tenant, AMOUNTS["second"], paid_at="now")
    world.conn.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, product, quantity, unit_price_minor, total_minor)"
        " VALUES (%s, %s, 1, 'Widget', 1, %s, %s)",
        [tenant, order, AMOUNTS["line"], AMOUNTS["line"]],
    )
    world.conn.execute(
        "INSERT INTO rollups_daily (tenant_id, day, owner_id, revenue_minor, orders, paid_orders)"
        " VALUES (%s, (now() - interval '1 day')::date, %s, %s, 1, 1)",
        [tenant, ana, AMOUNTS["day"]],
    )
    for period in ("day", "month"):
        world.insert("sales_targets", {"tenant_id": tenant, "period": period, "amount_minor": AMOUNTS["target"]})
    return tenant


def all_bytes(wall: Person, tv: Tv) -> str:
    """The bodies and headers of all that the TV fetches."""
    answers = [wall.get(address) for address in tv.below()]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    return "\n".join(f"{answer.headers}\n{answer.text}" for answer in answers)


def amounts_in(sent: str) -> list[str]:
    """All ways in which one of the amounts may be written: minor units, with cents, in whole units, rounded."""
    found = []
    for minor in (*AMOUNTS.values(), *SUMS):
        whole = f"{round(minor / 100):,}"
        ways = {str(minor), f"{minor / 100:.2f}", f"{minor / 100:,.2f}", whole, whole.replace(",", "")}
        ways |= {f"{minor / 100_000:.1f}K", f"{minor / 100_000:.2f}K"}
        # No digit before or after, so that a part of another number does not count.
        found += [way for way in ways if re.search(rf"(?<![\d.]){re.escape(way)}(?![\d])", sent)]
    return found


def test_no_amount_of_money_is_sent_to_a_tv_with_privacy(app: Flask, world: World, busy: int) -> None:
    wall = Person(app)
    assert len(amounts_in(all_bytes(wall, make_tv(world, busy)))) >= 6
    sent = all_bytes(wall, make_tv(world, busy, hides_money=True))
    assert amounts_in(sent) == []
    assert "€" not in sent
    assert "EUR" not in sent
    assert "Ana Silva" in sent
    assert "15%" in sent  # of the target


def test_privacy_shows_revenue_as_a_percentage_of_yesterday_without_a_target(
    app: Flask, world: World, busy: int
) -> None:
    world.conn.execute("DELETE FROM sales_targets")
    sent = all_bytes(Person(app), make_tv(world, busy, hides_money=True))
    assert amounts_in(sent) == []
    assert "of yesterday at this time" in sent


def test_the_celebration_names_amounts_only_without_privacy(app: Flask, world: World, busy: int) -> None:
    wall, seen = Person(app), "/paid?seen=3:3:"
    shown = wall.get(make_tv(world, busy).path + seen).text
    assert "2 orders paid" in shown
    assert "€122,182" in shown
    hidden = wall.get(make_tv(world, busy, hides_money=True).path + seen).text
    assert "2 orders paid" in hidden
    assert "Ana Silva" in hidden
    assert amounts_in(hidden) == []
