"""The page of targets: saving, errors, working days, holidays, and the signal to the boards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import redis
from bs4 import BeautifulSoup
from flask import Flask

from webapp.signals import signal_log

from ..support.browser import Person, soup
from ..support.world import World

pytestmark = pytest.mark.web_role

WORKING = {"working_day": ["1", "2", "3", "4", "5"]}


@pytest.fixture
def person(app: Flask, manager: int) -> Person:
    return Person(app, manager)


def targets(world: World) -> list[tuple[object, ...]]:
    sql = "SELECT owner_id, period, amount_minor FROM sales_targets ORDER BY owner_id NULLS FIRST, period"
    return world.conn.execute(sql).fetchall()


def value(page: BeautifulSoup, name: str) -> str:
    field = page.select_one(f'[name="{name}"]')
    assert field is not None
    return str(field["value"])


def test_a_manager_sets_targets_for_the_team_and_per_person(person: Person, world: World, manager: int) -> None:
    page = person.page("/targets")
    assert "No targets yet" in page.text
    data = WORKING | {"target-team-day": "1,250.50", "target-team-month": "", f"target-{manager}-week": "€900"}
    response = person.post("/targets", data)
    assert (response.status_code, response.location) == (303, "/targets")
    assert targets(world) == [(None, "day", 125050), (manager, "week", 90000)]
    page = person.page("/targets")
    assert (value(page, "target-team-day"), value(page, f"target-{manager}-week")) == ("1250.50", "900.00")
    assert "No targets yet" not in page.text


def test_an_emptied_field_removes_its_target(person: Person, world: World) -> None:
    person.post("/targets", WORKING | {"target-team-day": "10", "target-team-week": "50"})
    person.post("/targets", WORKING | {"target-team-day": "", "target-team-week": "60"})
    assert targets(world) == [(None, "week", 6000)]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [("0", "not more than 0"), ("-5", "not more than 0"), ("many", "Write it like"), ("1.234", "digits")],
)
def test_an_invalid_amount_is_marked_and_saves_nothing(person: Person, world: World, typed: str, problem: str) -> None:
    response = person.post("/targets", WORKING | {"target-team-day": typed, "target-team-week": "70"})
    assert response.status_code == 422
    page = soup(response)
    assert (value(page, "target-team-day"), value(page, "target-team-week")) == (typed, "70")
    error = page.select_one("#target-team-day-errors")
    assert error is not None
    assert problem in error.text
    assert targets(world) == []


def test_working_days_are_saved_and_at_least_one_is_needed(person: Person, world: World) -> None:
    assert person.post("/targets", {"working_day": ["6", "1", "9"]}).status_code == 303
    assert world.conn.execute("SELECT working_days FROM tenants").fetchone() == ([1, 6],)
    response = person.post("/targets", {})
    assert response.status_code == 422
    assert "Choose at least one working day" in response.text


def test_holidays_are_added_and_removed(person: Person, world: World) -> None:
    day = (world.now() + timedelta(days=20)).date().isoformat()
    assert "No holidays yet" in person.page("/targets").text
    assert person.post("/targets/holidays", {"day": day, "name": " Fair "}).status_code == 303
    assert world.conn.execute("SELECT day, name FROM holidays").fetchall() == [(date.fromisoformat(day), "Fair")]
    again = person.post("/targets/holidays", {"day": day, "name": "Other"})
    assert again.status_code == 422
    assert "is already a holiday: Fair" in again.text
    assert person.post(f"/targets/holidays/{day}/removal").status_code == 303
    assert person.post(f"/targets/holidays/{day}/removal").status_code == 303, "a second click changes nothing"
    assert world.conn.execute("SELECT count(*) FROM holidays").fetchone() == (0,)


@pytest.mark.parametrize(
    ("day", "name", "problem"),
    [
        ("", "Fair", "Enter a date"),
        ("24.12.", "Fair", "is not a date"),
        ("2926-12-24", "Fair", "Check the year"),
        ("2026-12-24", "  ", "Enter a name"),
        ("2026-12-24", "x" * 101, "Enter at most 100"),
    ],
)
def test_an_invalid_holiday_is_refused_with_its_reason(person: Person, day: str, name: str, problem: str) -> None:
    response = person.post("/targets/holidays", {"day": day, "name": name})
    assert response.status_code == 422
    assert problem in response.text


def test_a_saved_target_makes_the_boards_refetch(person: Person, acme: int, redis_client: redis.Redis) -> None:
    before = signal_log.latest_seq(redis_client, acme)
    person.post("/targets", WORKING | {"target-team-day": "10"})
    assert signal_log.latest_seq(redis_client, acme) > before


def test_another_companys_targets_stay_and_are_not_shown(app: Flask, person: Person, world: World) -> None:
    person.post("/targets", WORKING | {"target-team-day": "77"})
    other = world.tenant("other")
    stranger = Person(app, world.user(other, "Olga Petrova", role="manager"))
    assert value(stranger.page("/targets"), "target-team-day") == ""
    stranger.post("/targets", WORKING | {"target-team-day": ""})
    assert targets(world) == [(None, "day", 7700)]


def test_only_managers_have_the_link_and_the_page(app: Flask, person: Person, world: World, acme: int) -> None:
    sales = Person(app, world.user(acme, "Ben Okafor"))
    assert person.page("/settings/profile").select_one('a[href="/targets"]')
    assert not sales.page("/settings/profile").select_one('a[href="/targets"]')
    assert sales.get("/targets").status_code == 403
