"""Panels that change with the clock: rendered once per minute for all viewers, and never served in the next minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from webapp.display import clock
from webapp.panels.registry import MOVE_WITH_THE_CLOCK, PANELS
from webapp.queries.day import today
from webapp.services import services

from ..support.browser import Person
from ..support.viewers import statements
from ..support.world import World

NAMES = ",".join(sorted(MOVE_WITH_THE_CLOCK & PANELS.keys()))


def test_many_viewers_cost_one_query_per_panel_and_minute(
    app: Flask, world: World, tenant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(10)]
    noon = datetime(2027, 6, 10, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    moment = noon
    monkeypatch.setattr(clock, "epoch", lambda: moment.timestamp())
    monkeypatch.setattr(services(app).renders, "epoch", lambda: moment.timestamp())
    for minute in range(3):
        with statements(app) as sent:
            for n, person in enumerate(people):
                moment = noon + timedelta(minutes=minute, seconds=n / 5)
                assert person.get(f"/panels?names={NAMES}").status_code == 200
        assert sent.about("FROM orders") == len(NAMES.split(",")), f"minute {minute}"


def test_a_render_ends_with_its_minute(app: Flask, world: World, tenant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is only two seconds old."""
    ana = Person(app, world.user(tenant))
    yesterday = datetime(2027, 6, 9, 12, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    world.order(tenant, 7700, placed_at=yesterday, paid_at=yesterday)
    moment = yesterday + timedelta(days=1, seconds=29)
    monkeypatch.setattr(services(app).renders, "epoch", lambda: moment.timestamp())
    assert "€77.00" not in ana.get("/panels/revenue").text
    moment += timedelta(seconds=2)
    assert "€77.00" in ana.get("/panels/revenue").text


def test_the_comparison_does_not_change_within_a_minute() -> None:
    noon = datetime(2027, 6, 10, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    compared = {today("Europe/Berlin", noon + timedelta(seconds=n)).yesterday_now for n in range(60)}
    assert compared == {noon - timedelta(days=1)}
