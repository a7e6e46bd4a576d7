"""Layout: long names and large amounts fit on every page and width, and the dot does not move."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Page

from ..support.large_amounts import COMPANIES, company
from ..support.processes import Doorbell
from ..support.world import World
from . import shared_doorbell
from .conftest import Sign

pytestmark = pytest.mark.browser
service, world, doorbell = shared_doorbell.service, shared_doorbell.world, shared_doorbell.doorbell

FAULTS = (Path(__file__).parent / "layout.js").read_text()
MAX_BYTES = 160_000  # with headers, without a compressing proxy
WIDTHS = (375, 768, 1440, 1920)
PAGES = ("/", "/orders", "/orders/LONG-20260003", "/orders/LONG-20260002", "/orders/new", "/inbox")


def faults(page: Page) -> list[str]:
    found: list[str] = page.evaluate(FAULTS)
    return found


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("locale", "currency", "minor"), COMPANIES)
def test_long_names_and_large_amounts_fit_every_page_and_width(
    world: World, sign_in: Sign, doorbell: Doorbell, locale: str, currency: str, minor: int
) -> None:
    screen = sign_in(company(world, locale, currency, minor))
    seen = []
    for path in PAGES:
        screen.page.goto(doorbell.url + path)
        for width in WIDTHS:
            screen.page.set_viewport_size({"width": width, "height": 1000})
            seen += [f"{path} at {width}: {fault}" for fault in faults(screen.page)]
    assert seen == []


def test_german_words_fit_every_page_and_width(world: World, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(company(world, "de_DE", "EUR", 1_234_567), locale="de-DE").page
    seen = []
    for path in (*PAGES, "/history", "/settings/profile"):
        page.goto(doorbell.url + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1000})
            seen += [f"{path} at {width}: {fault}" for fault in faults(page)]
    assert seen == []


def test_the_first_load_of_the_board_is_small_and_the_next_page_reuses_all_files(
    tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    screen = sign_in(ana)
    page = screen.page
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    sizes: dict[str, int] = {}
    client.on("Network.loadingFinished", lambda done: sizes.update({done["requestId"]: done["encodedDataLength"]}))
    screen.open()
    # All are requested at once, because the page names the modules of its script.
    assert 10 < len(sizes) < 60
    assert sum(sizes.values()) <= MAX_BYTES, sizes
    page.goto(doorbell.url + "/orders")
    kept = "performance.getEntriesByType('resource').filter(e => e.name.includes('/static/') && e.transferSize > 0)"
    new = page.evaluate(f"{kept}.map(e => new URL(e.name).pathname.split('/').pop())")
    assert new == ["orders.css"], "the sheet of that page alone"


def test_the_check_finds_layout_faults(world: World, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(company(world, *COMPANIES[2]), width=375).open().page
    assert faults(page) == []
    page.evaluate("document.querySelector('.figure-first').textContent = 'Rp524.439.795.000.000.000'")
    page.evaluate("document.querySelectorAll('.person-name').forEach(name => name.removeAttribute('title'))")
    # The name is on one line, with its end cut off: only on several lines can a word be split.
    split = "{ whiteSpace: 'normal', wordBreak: 'break-all' }"
    page.evaluate(f"Object.assign(document.querySelector('.page-head h1').style, {split})")
    found = " ".join(faults(page))
    assert "leaves" in found
    assert "has no title" in found
    assert "is split" in found


def test_the_dot_does_not_move_when_its_label_changes(tenant: int, ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    for width in (768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 1000})
        places = set()
        for label in ("Live", "Reconnecting", "Offline · showing 10:39:22", "Polling"):
            page.evaluate("label => { document.getElementById('live-label').textContent = label }", label)
            places.add(page.evaluate("document.querySelector('.live-dot').getBoundingClientRect().x"))
        assert len(places) == 1, (width, places)
        assert page.evaluate("document.querySelector('.topbar-row').getBoundingClientRect().height") < 60, width


def test_swatches_and_dot_are_visible_in_forced_colours(tenant: int, ana: int, sign_in: Sign) -> None:
    page = sign_in(ana, forced_colors="active").open().page
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for part in (".legend .key rect", ".live-dot"):
        style = "getComputedStyle(document.querySelector(part))"
        colours = page.evaluate(f"part => [{style}.fill, {style}.backgroundColor]", part)
        assert any(colour not in (ground, "rgb(0, 0, 0)", "rgba(0, 0, 0, 0)") for colour in colours), (part, colours)
    assert page.locator(".legend .key").count() == 3


def test_the_line_above_the_total_crosses_the_whole_table(world: World, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(company(world, *COMPANIES[0])).page
    page.goto(doorbell.url + "/orders/LONG-20260003")
    # Adjacent borders collapse; only the row has one above the total, so it crosses the whole table.
    table = "document.querySelector('.lines-table')"
    row = f"getComputedStyle({table}.tFoot.rows[0])"
    assert page.evaluate(f"{row}.borderTopStyle + {row}.borderTopWidth") == "solid1px"
    cells = f"[...{table}.tBodies[0].rows[0].cells, ...{table}.tFoot.rows[0].cells]"
    widths = page.evaluate(f"{cells}.map(cell => parseFloat(getComputedStyle(cell).borderTopWidth))")
    assert set(widths) == {0}


@pytest.mark.parametrize(("width", "is_beside"), [(375, False), (1440, True)])
def test_an_orders_actions_stand_above_its_activity_or_beside_its_head(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell, width: int, is_beside: bool
) -> None:
    world.order(tenant, number="LAYOUT")
    page = sign_in(ana, width=width).page
    page.goto(doorbell.url + "/orders/LAYOUT")

    def box(part: str) -> FloatRect:
        found = page.locator(f".order-{part}").bounding_box()
        assert found is not None
        return found

    head, actions, activity = box("head"), box("actions"), box("body")
    assert (actions["x"] > head["x"] + head["width"]) is is_beside
    assert head["y"] <= actions["y"] < activity["y"]
    assert activity["x"] == head["x"]
