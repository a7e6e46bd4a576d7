"""The funnel of today's orders, compared with plain rules: the cohort, its times and the days before."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from webapp.queries import funnel
from webapp.queries.funnel import MAX_PER_HOUR, FunnelSteps

from ..support.figures import NOON, refund, tenant
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TODAY = date(2026, 6, 10)


def test_the_funnel_counts_the_orders_placed_today_and_their_median_times(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    for hours in (1, 2, 6):
        world.order(acme, placed_at=NOON, paid_at=NOON + hours * HOUR, shipped_at=NOON + (hours + 3) * HOUR)
    world.order(acme, placed_at=NOON, paid_at=NOON + 20 * HOUR)
    world.order(acme, placed_at=NOON)
    world.order(acme, placed_at=NOON, shipped_at=NOON)  # on account
    world.order(acme, placed_at=NOON, paid_at=NOON, cancelled_at=NOON)
    refund(world, world.order(acme, 10, placed_at=NOON, paid_at=NOON), 10, NOON.isoformat())
    world.order(acme, placed_at=NOON - DAY, paid_at=NOON)  # paid today, placed yesterday
    world.order(other, placed_at=NOON)
    found = funnel.read(tenant(acme), NOON)
    assert found.today == FunnelSteps(TODAY, TODAY, 6, 5, 4, 4 * HOUR, 3 * HOUR)
    assert (found.reference.placed, found.reference.paid, found.reference.until_paid) == (1, 1, DAY)


def test_the_reference_is_the_seven_days_before_today(world: World) -> None:
    acme = world.tenant()
    midnight = NOON - 12 * HOUR  # of Berlin
    for at in (midnight - 7 * DAY - HOUR, midnight - 7 * DAY, midnight - HOUR, midnight):
        world.order(acme, placed_at=at, paid_at=at + HOUR)
    found = funnel.read(tenant(acme), NOON)
    assert (found.reference.first, found.reference.last) == (date(2026, 6, 3), date(2026, 6, 9))
    assert (found.reference.placed, found.today.placed) == (2, 1)
    assert found.reference.until_paid == HOUR


def test_a_sample_bounds_the_times_of_the_reference_but_not_its_counts(world: World) -> None:
    acme = world.tenant()
    orders = MAX_PER_HOUR + 40
    for n in range(orders):
        at = NOON - DAY + n * timedelta(seconds=1)
        world.order(acme, placed_at=at, paid_at=at + (HOUR if n < MAX_PER_HOUR else 30 * DAY))
    reference = funnel.read(tenant(acme), NOON).reference
    assert (reference.placed, reference.paid, reference.until_paid) == (orders, orders, HOUR)


def test_without_orders_there_are_no_ratios_and_no_times(world: World) -> None:
    found = funnel.read(tenant(world.tenant()), NOON)
    assert found.today == FunnelSteps(TODAY, TODAY, 0, 0, 0, None, None)
    assert found.today.ratio(0) is None
