"""Notification settings: the page, mutes, quiet hours, and what they change in the toasts."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from webapp.queries.notification_preferences import Preferences, QuietTimes

from ..support.browser import Person
from ..support.world import World

PAGE = "/notifications"


@pytest.fixture
def ana(app: Flask, world: World) -> Person:
    return Person(app, world.user(world.tenant(), "Ana Silva"))


def ticked(page: BeautifulSoup) -> set[str]:
    return {str(box["value"]) for box in page.select("input[name=channel][checked]")}


def stored(world: World) -> list[tuple[object, ...]]:
    return world.conn.execute(
        "SELECT kind, toast, sound, desktop, push, muted_at IS NOT NULL FROM notification_preferences ORDER BY kind"
    ).fetchall()


def test_a_user_without_settings_has_toasts_only(ana: Person) -> None:
    page = ana.page(PAGE)
    kinds = {"paid", "shipped", "refunded", "cancelled", "assigned", "unassigned", "mentioned"}
    assert ticked(page) == {f"{kind}:toast" for kind in kinds}
    assert [field["value"] for field in page.select("input[type=time]")] == ["", ""]


def test_admins_choose_channels_of_webhooks_too(app: Flask, world: World) -> None:
    mia = Person(app, world.user(world.tenant(), "Mia Berg", role="admin"))
    assert {"failed:toast", "gone:toast"} <= ticked(mia.page(PAGE))


def test_the_page_saves_what_is_ticked_and_ignores_unknown_kinds(ana: Person, world: World) -> None:
    form = {
        "channel": ["paid:toast", "paid:sound", "gone:push", "x:toast", "paid:x"],
        "quiet_from": "22:00",
        "quiet_to": "07:30",
    }
    assert ana.post(PAGE, form).location == PAGE
    page = ana.page(PAGE)
    assert ticked(page) == {"paid:toast", "paid:sound"}
    assert [field["value"] for field in page.select("input[type=time]")] == ["22:00", "07:30"]
    assert "gone" not in [row[0] for row in stored(world)]
    assert ana.post(PAGE, {"quiet_from": "", "quiet_to": ""}).status_code == 303
    assert world.conn.execute("SELECT count(*) FROM quiet_hours").fetchone() == (0,)


@pytest.mark.parametrize(
    ("starts", "ends", "problem"),
    [
        ("22:00", "", "Enter both times"),
        ("", "7:00", "Enter both times"),
        ("22:00", "22:00", "cannot begin and end at 22:00"),
        ("25:00", "07:00", "'25:00' is not a time. Enter it like 22:00."),
        ("22:00", "noon", "'noon' is not a time"),
    ],
)
def test_wrong_quiet_hours_are_refused_and_the_form_keeps_what_was_entered(
    ana: Person, world: World, starts: str, ends: str, problem: str
) -> None:
    answer = ana.post(PAGE, {"channel": ["paid:desktop"], "quiet_from": starts, "quiet_to": ends})
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert problem in page.select("[role=alert]")[0].text
    assert ticked(page) == {"paid:desktop"}
    assert [field["value"] for field in page.select("input[type=time]")] == [starts, ends]
    assert stored(world) == []


def test_mute_keeps_the_channels_and_unmute_restores_them(ana: Person, world: World) -> None:
    ana.post(PAGE, {"channel": ["paid:desktop"]})
    assert [ana.post(f"{PAGE}/mute/paid").status_code for _ in range(2)] == [204, 204]
    assert ("paid", False, False, True, False, True) in stored(world)
    assert "Muted since" in ana.page(PAGE).select("#kind-paid")[0].text
    assert ana.post(f"{PAGE}/unmute/paid").status_code == 204
    assert ("paid", False, False, True, False, False) in stored(world)
    assert ana.post(f"{PAGE}/mute/unknown").status_code == 404


def test_the_buttons_of_the_page_mute_and_unmute_without_javascript(ana: Person) -> None:
    assert ana.post(PAGE, {"channel": ["paid:toast"], "mute": "paid"}).location == PAGE
    row = ana.page(PAGE).select("#kind-paid")[0]
    assert [button["name"] for button in row.select("button")] == ["unmute"]
    ana.post(PAGE, {"channel": ["paid:toast"], "unmute": "paid"})
    row = ana.page(PAGE).select("#kind-paid")[0]
    assert [button["name"] for button in row.select("button")] == ["mute"]


def test_quiet_hours_silence_toasts_and_the_bell_still_counts(ana: Person, world: World) -> None:
    """The quiet hours are the whole day but for a minute that is far from now."""
    now = world.conn.execute("SELECT now() AT TIME ZONE 'Europe/Berlin'").fetchone()
    assert now is not None
    hour = (now[0].hour + 12) % 24
    world.order(1, owner_id=1, paid_at="now")
    address = "/panels/inbox/new-items?seen=3:3:"
    assert len(ana.page(address).select(".note-toast")) == 1
    ana.post(PAGE, {"channel": ["paid:toast"], "quiet_from": f"{hour:02}:01", "quiet_to": f"{hour:02}:00"})
    quiet = ana.page(address)
    assert quiet.select(".note-toast") == []
    assert [one["data-count"] for one in quiet.select("[data-count]")] == ["1"]
    assert "Quiet hours are on now" in ana.page(PAGE).text


@pytest.mark.parametrize(
    ("starts", "ends", "local", "is_inside"),
    [
        ("22:00", "07:00", "21:59", False),
        ("22:00", "07:00", "22:00", True),
        ("22:00", "07:00", "03:00", True),
        ("22:00", "07:00", "07:00", False),
        ("12:00", "13:00", "12:30", True),
        ("12:00", "13:00", "13:00", False),
    ],
)
def test_quiet_hours_may_be_over_midnight(starts: str, ends: str, local: str, is_inside: bool) -> None:
    quiet = QuietTimes(time.fromisoformat(starts), time.fromisoformat(ends))
    assert quiet.contains(time.fromisoformat(local)) is is_inside


def test_quiet_hours_are_in_the_tenants_zone() -> None:
    stored = Preferences({}, QuietTimes(time(22), time(7)))
    at = datetime(2026, 11, 27, 21, 30, tzinfo=UTC)
    assert stored.is_quiet(at, "Europe/Berlin")
    assert not stored.is_quiet(at, "America/New_York")


def test_without_keys_the_push_column_is_disabled_and_saving_keeps_it(ana: Person, world: World) -> None:
    page = ana.page(PAGE)
    assert len(page.select("input[value$=':push'][disabled]")) == 7
    assert "flask push-keys" in page.text
    world.conn.execute("INSERT INTO notification_preferences VALUES (1, 1, 'paid', true, false, false, true)")
    ana.post(PAGE, {"channel": ["paid:sound"]})
    assert ("paid", False, True, False, True, False) in stored(world)
