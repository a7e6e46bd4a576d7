"""The pages on a phone: at most three screens, the header in one row, actions first, folded sections, touch targets."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.processes import Doorbell
from ..support.world import World
from . import shared_doorbell
from .conftest import Screen, Sign

pytestmark = pytest.mark.browser
service, world, doorbell = shared_doorbell.service, shared_doorbell.world, shared_doorbell.doorbell

WIDTH, HEIGHT = 375, 812
SCREENS = 3
FOLDED = ("history", "leaderboard", "funnel", "top_products")
PAGES = ("/", "/orders", "/orders/S1", "/orders/new", "/inbox", "/notifications", "/connect", "/no-such-page")
ADMINS = ("/targets", "/settings/board", "/relay", "/orders/import", "/attached")
# In CSS px. Links inside of sentences and boxes with a label around them are no targets of their own.
SMALL_TARGETS = """
() => Array.from(document.querySelectorAll("a, button, summary, select, input:not([type=hidden])"))
  .filter((each) => each.checkVisibility({ visibilityProperty: true }))
  .filter((each) => !each.closest(".visually-hidden, .skip-link, svg, p, dd, li, h1, td, label"))
  .filter((each) => getComputedStyle(each, "::after").position !== "absolute")
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([, { width, height }]) => width > 1 && (width < 24 || height < 24))
  .map(([each, { width, height }]) => `${each.outerHTML.slice(0, 80)} is ${Math.round(width)} x ${Math.round(height)}`)
"""


def height(page: Page, part: str) -> float:
    return float(page.evaluate("part => document.querySelector(part).getBoundingClientRect().height", part))


def bottom(page: Page, part: str) -> float:
    return float(page.evaluate("part => document.querySelector(part).getBoundingClientRect().bottom", part))


@pytest.fixture
def manager(world: World, tenant: int) -> int:
    return world.user(tenant, "Mia Manager", role="manager")


@pytest.fixture
def admin(world: World, tenant: int) -> int:
    return world.user(tenant, "Ida Admin", role="admin")


@pytest.fixture
def targets(world: World, tenant: int, ana: int) -> None:
    """Targets of the team and of Ana, for all three periods, and an order of last week to ship."""
    for owner, period in ((None, "day"), (ana, "day"), (ana, "week"), (ana, "month")):
        world.conn.execute(
            "INSERT INTO sales_targets (tenant_id, owner_id, period, amount_minor) VALUES (%s, %s, %s, 1234500)",
            [tenant, owner, period],
        )
    for n in range(3):
        world.order(tenant, 98_765, owner_id=ana, number=f"OLD-{n}", placed_at="2026-01-02", paid_at="2026-01-02")


@pytest.mark.usefixtures("targets")
@pytest.mark.parametrize("role", ["manager", "sales"])
def test_the_board_of_a_day_is_at_most_three_screens_high(role: str, manager: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(manager if role == "manager" else ana, width=WIDTH, height=HEIGHT).open()
    assert screen.page.evaluate("document.documentElement.scrollHeight") <= SCREENS * HEIGHT
    rows = screen.page.locator("#recent_orders tbody tr")
    assert rows.count() == 10
    assert all(50 > (row.bounding_box() or {"height": 99})["height"] >= 44 for row in rows.all()), "two lines each"


@pytest.mark.usefixtures("targets")
@pytest.mark.parametrize("role", ["manager", "sales"])
def test_ten_recent_orders_are_on_the_first_screen_of_a_laptop(
    role: str, manager: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(manager if role == "manager" else ana, width=1440, height=900).open()
    assert bottom(screen.page, "#recent_orders tbody tr:nth-child(10)") <= 900


def test_what_is_not_of_this_hour_folds_and_the_browser_remembers_what_was_opened(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana, width=WIDTH, height=HEIGHT).open()
    page = screen.page
    for name in FOLDED:
        expect(page.locator(f"#{name}")).not_to_be_visible()
    page.locator("#funnel-more > summary").click()
    expect(page.locator("#funnel")).to_be_visible()
    screen.open()
    expect(page.locator("#funnel")).to_be_visible()
    expect(page.locator("#history")).not_to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
    for name in FOLDED[:3]:
        assert page.locator(f"[data-frame={name}] .panel-body").is_visible(), name
        assert not page.locator(f"#{name}-more > summary").is_visible()


# Set and measured in one step, before the page shows its own state again: the height of the header, the width of the page,
# that of the label and of its longest word, and of the dot.
MEASURE_LABEL = """text => {
  const label = document.getElementById("live-label");
  label.parentElement.dataset.state = "reconnecting";
  label.textContent = text;
  const row = document.querySelector(".topbar-row").clientHeight;
  const words = text.split(" ").map((word) => {
    const copy = label.cloneNode();
    copy.removeAttribute("id");
    copy.style.cssText = "position: absolute; overflow: visible; white-space: nowrap; width: max-content; max-width: none";
    copy.textContent = word;
    label.parentElement.append(copy);
    const width = copy.getBoundingClientRect().width;
    copy.remove();
    return width;
  });
  const dot = document.querySelector(".live-dot").getBoundingClientRect().width;
  const shown = label.getBoundingClientRect().width;
  return [row, document.documentElement.scrollWidth, shown, Math.max(...words), Math.round(dot * 10) / 10];
}"""


@pytest.mark.parametrize("width", [320, 375, 768, 991, 992, 1199, 1440])
def test_the_header_has_one_row_and_its_links_are_beside_each_other_or_in_a_menu(
    world: World, tenant: int, sign_in: Sign, width: int
) -> None:
    manager = world.user(tenant, "Bartholomäus Wolfeschlegelsteinhausen", role="manager")
    page = sign_in(manager, width=width, height=HEIGHT).open().page
    assert height(page, ".topbar-row") <= 50
    links, menu = page.locator(".topbar-nav a"), page.locator(".nav-menu > summary")
    assert menu.is_visible() is (width < 992)
    if width < 992:
        assert not links.first.is_visible()
        menu.click()
    tops = {round((link.bounding_box() or {"y": 0})["y"]) for link in links.all()}
    assert len(tops) == (links.count() if width < 992 else 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    expect(links.first).to_be_visible(visible=width >= 992)


@pytest.mark.parametrize(
    ("locale", "labels"),
    [
        ("en-GB", ("Live", "Connecting", "Reconnecting", "Polling")),
        ("de-DE", ("Live", "Verbindet", "Neu verbinden", "Abfrage")),
        ("ar-EG", ("مباشر", "جارٍ الاتصال", "جارٍ إعادة الاتصال")),
    ],
)
def test_the_header_keeps_its_height_when_the_label_of_its_dot_changes(
    world: World, tenant: int, sign_in: Sign, doorbell: Doorbell, locale: str, labels: tuple[str, ...]
) -> None:
    manager = world.user(tenant, "Bartholomäus Wolfeschlegelsteinhausen", role="manager")
    page = sign_in(manager, width=375, height=HEIGHT, locale=locale).page
    page.goto(doorbell.url)
    for width in (320, 340, 359, 360, 375):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for label in labels:
            row, page_width, shown, word, dot = page.evaluate(MEASURE_LABEL, label)
            assert (row, page_width) == (48, width), (width, label)
            # Most of each word is shown, and the dot beside it.
            assert shown >= word * 0.85, (width, label, shown, word)
            assert dot == 10.4, (width, label)


def test_pay_and_ship_are_the_first_things_below_an_orders_total(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    world.order(tenant, number="PHONE", owner_id=ana)
    page = sign_in(ana, width=WIDTH, height=HEIGHT).page
    page.goto(doorbell.url + "/orders/PHONE")
    pay = page.get_by_role("button", name="Mark as paid")
    box = pay.bounding_box()
    assert box is not None
    assert 0 < box["y"] - bottom(page, "#order-total") < 60
    assert box["height"] >= 44
    assert box["y"] + box["height"] < HEIGHT / 2


def test_each_row_of_the_orders_page_has_its_date_and_salesperson(ana: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(ana, width=WIDTH, height=HEIGHT).page
    page.goto(doorbell.url + "/orders")
    row = page.locator("#orders-rows tr").first
    for part in (".order-owner", ".order-placed", ".order-total", ".order-status"):
        expect(row.locator(part)).to_be_visible()
    total, status = row.locator(".order-total").bounding_box(), row.locator(".order-status").bounding_box()
    assert total is not None
    assert status is not None
    assert total["y"] + total["height"] <= status["y"] + 1


@pytest.mark.parametrize("width", [375, 768])
def test_no_page_scrolls_sideways_and_every_target_can_be_met(
    admin: int, sign_in: Sign, doorbell: Doorbell, width: int
) -> None:
    page = sign_in(admin, width=width, height=HEIGHT).page
    for path in (*PAGES, *ADMINS):
        page.goto(doorbell.url + path)
        assert (path, page.evaluate("document.documentElement.scrollWidth")) == (path, width)
        assert (path, page.evaluate(SMALL_TARGETS)) == (path, [])


def test_new_orders_wait_in_sight_while_a_reader_is_below_the_first_rows(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen: Screen = sign_in(ana, width=WIDTH, height=500, is_mobile=True, has_touch=True).open()
    page = screen.page
    page.evaluate(
        "document.querySelector('#recent_orders tbody tr:nth-child(4)').scrollIntoView({ behavior: 'instant' })"
    )
    world.order(tenant, number="NEW", owner_id=ana)
    pill = page.locator("#waiting")
    expect(pill).to_have_text("1 new order")
    expect(pill).to_be_in_viewport()
    pill.tap()
    expect(page.locator("#recent_orders tbody tr").first).to_contain_text("NEW")
    expect(page.locator("#recent_orders tbody tr").first).to_be_in_viewport()
    world.order(tenant, number="NEXT", owner_id=ana)
    expect(page.locator("#recent_orders tbody tr").first).to_contain_text("NEXT")
