"""One tab of a browser has the stream, for all of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect

from ..support.processes import Doorbell
from ..support.tabs import Tab, open_streams_of, streams_of
from ..support.wait import eventually
from ..support.world import World
from .conftest import OpenTabs

pytestmark = pytest.mark.browser


def change(world: World, text: str) -> None:
    world.conn.execute("UPDATE orders SET customer = %s WHERE number = 'S1'", [text])


def expect_change(tabs: list[Tab], text: str) -> None:
    for tab in tabs:
        expect(tab.page.locator("#recent_orders")).to_contain_text(text)


def expect_live(tabs: list[Tab]) -> None:
    for tab in tabs:
        expect(tab.page.locator("#live-label")).to_have_text("Live")


def expect_one_stream(tabs: list[Tab]) -> None:
    eventually(lambda: open_streams_of(tabs) == 1)


def test_a_change_reaches_eight_tabs_over_one_stream(world: World, open_tabs: OpenTabs) -> None:
    """Over HTTP/1.1, on which a browser opens six connections to a server."""
    tabs = open_tabs(8)
    expect_one_stream(tabs)
    change(world, "In eight tabs")
    expect_change(tabs, "In eight tabs")
    expect_live(tabs)
    assert [fault for tab in tabs for fault in tab.faults] == []


def test_when_the_leading_tab_is_closed_another_takes_over_and_nothing_is_missed(
    world: World, open_tabs: OpenTabs
) -> None:
    first, *others = open_tabs(3)
    first.page.close()
    change(world, "After the close")
    expect_change(others, "After the close")
    expect_one_stream(others)
    expect_live(others)


def test_when_the_leading_tab_crashes_another_takes_over(world: World, open_tabs: OpenTabs) -> None:
    first, *others = open_tabs(3)
    first.crash()
    change(world, "After the crash")
    expect_change(others, "After the crash")
    expect_one_stream(others)


def test_when_the_leading_tab_is_frozen_another_takes_over(world: World, open_tabs: OpenTabs) -> None:
    """After two seconds: tests/static/test_leadership.py measures them, on a clock of its own."""
    first, *others = open_tabs(3)
    thaw = first.freeze()
    change(world, "While it was frozen")
    expect_change(others, "While it was frozen")
    expect_one_stream(others)
    thaw()
    expect_change([first], "While it was frozen")
    change(world, "After the thaw")
    expect_change([first, *others], "After the thaw")
    expect_live([first, *others])
    expect_one_stream([first, *others])


def test_a_page_that_the_browser_freezes_hands_the_stream_over_at_once(world: World, open_tabs: OpenTabs) -> None:
    first, second = open_tabs(2)
    first.hide()
    first.read("document.dispatchEvent(new Event('freeze'))")
    eventually(lambda: streams_of([second]) == 1)
    change(world, "While it was frozen")
    expect_change([second], "While it was frozen")
    first.read("document.dispatchEvent(new Event('resume'))")
    first.show()
    expect_change([first], "While it was frozen")
    expect_one_stream([second])
    expect_one_stream([first, second])


def test_a_hidden_tab_keeps_the_stream_for_the_others_and_refetches_nothing(world: World, open_tabs: OpenTabs) -> None:
    first, second = open_tabs(2)
    first.hide()
    first.requests.clear()
    for text in ("The first change", "The second change"):
        change(world, text)
        expect_change([second], text)
    expect_one_stream([first, second])
    assert first.requests == []
    first.show()
    expect_change([first], "The second change")
    expect_one_stream([first, second])


def test_a_tab_that_was_rendered_before_a_change_receives_it_from_the_leading_tab(
    world: World, context: BrowserContext, open_tabs: OpenTabs, doorbell: Doorbell
) -> None:
    """Its scripts arrive after the change that its panels do not show."""
    (first,) = open_tabs(1)
    late = Tab(context, doorbell.url)
    held: list[Route] = []
    late.page.route("**/page.js", lambda route: held.append(route))
    late.page.goto(doorbell.url + "/", wait_until="commit")
    eventually(lambda: late.read("1") and held)
    change(world, "Before the scripts")
    expect_change([first], "Before the scripts")
    assert "Before the scripts" not in late.page.locator("#recent_orders").inner_text()
    held[0].continue_()
    expect_change([late], "Before the scripts")
    expect_one_stream([first, late])


def test_a_pause_in_one_tab_does_not_stop_the_others(world: World, open_tabs: OpenTabs) -> None:
    first, second = open_tabs(2)
    first.page.locator("#pause").click()
    change(world, "In the pause")
    expect_change([second], "In the pause")
    assert "In the pause" not in first.page.locator("#recent_orders").inner_text()
    first.page.locator("#pause").click()
    expect_change([first], "In the pause")


def test_every_tab_shows_that_the_leading_one_has_lost_the_stream(
    world: World, open_tabs: OpenTabs, doorbell: Doorbell
) -> None:
    tabs = open_tabs(3)
    doorbell.web.kill()
    for tab in tabs:
        expect(tab.page.locator("#live-label")).not_to_have_text("Live")
    doorbell.start_web()
    for tab in tabs:
        expect(tab.page.locator("#live-label")).to_have_text("Live")
    change(world, "After the restart")
    expect_change(tabs, "After the restart")


def test_a_visible_tab_takes_over_from_a_hidden_one_that_cannot_reconnect(
    world: World, open_tabs: OpenTabs, doorbell: Doorbell
) -> None:
    """A browser slows down the timers of a hidden tab, to one run per minute."""
    first, second = open_tabs(2)
    first.hide()
    first.page.route("**/stream*", lambda route: route.abort())
    doorbell.web.kill()
    doorbell.start_web()
    eventually(lambda: streams_of([second]) > 0)
    change(world, "Over the second tab")
    expect_change([second], "Over the second tab")


def test_without_web_locks_each_tab_has_a_stream_of_its_own(
    world: World, context: BrowserContext, open_tabs: OpenTabs
) -> None:
    context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    tabs = open_tabs(2)
    eventually(lambda: streams_of(tabs) >= 2)
    assert [tab.streams for tab in tabs] == [1, 1]
    change(world, "Over two streams")
    expect_change(tabs, "Over two streams")
    tabs[0].hide()
    tabs[0].show()
    eventually(lambda: streams_of(tabs) == 3, 20)


def test_two_users_in_one_browser_share_nothing(
    chromium: Browser, doorbell: Doorbell, ana: int, ben: int, world: World, tenant: int
) -> None:
    """The second sign-in replaces the session of both, so the first page receives nothing more."""
    context = chromium.new_context()
    try:
        pages = []
        for user in (ana, ben):
            name, _, value = doorbell.cookie(user).partition("=")
            context.add_cookies([{"name": name, "value": value, "url": doorbell.url}])
            pages.append(Tab(context, doorbell.url).open())
            expect(pages[-1].page.locator("#live-label")).to_have_text("Live")
        eventually(lambda: streams_of(pages) >= 2)
        assert [tab.streams for tab in pages] == [1, 1]
        world.order(tenant, 125000, number="1042", owner_id=ben)
        world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = '1042'")
        expect(pages[1].page.locator("#toasts")).to_contain_text("1042")
        expect(pages[1].page.locator("#unread")).to_have_text("1")
        assert pages[0].page.locator("#toasts").inner_text() == ""
        expect(pages[0].page.locator("#live-label")).to_contain_text("Another user is signed in now.")
    finally:
        context.close()
