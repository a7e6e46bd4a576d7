"""A search that takes longer than a page may: it stops, and goes on by itself until something is found."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from ..support.processes import Doorbell
from ..support.world import Service, World
from .conftest import Sign


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.web.args[-1] = "tests.support.apps.short_search_web:app"
    doorbell.start()
    yield doorbell
    doorbell.close()


def test_a_search_goes_on_by_itself_until_it_finds_something_and_keeps_the_way_back(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    for year in range(2010, 2018):
        world.order(tenant, number=f"Y{year}", customer="Hanari", placed_at=f"{year}-01-01")
    world.order(tenant, number="OLD", customer="Zzyzx Trading", placed_at="2001-01-01")
    screen = sign_in(ana).open("/orders")
    page = screen.page
    page.get_by_label("Number, customer or salesperson").fill("zzyzx")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#orders-rows tr")).to_have_count(1)
    expect(page.locator("#orders-rows")).to_contain_text("OLD")
    expect(page).to_have_url(re.compile(r"before="))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/orders$"))
    assert screen.faults == []


def test_a_search_that_finds_nothing_ends_with_words(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open("/orders?q=qqq").page
    expect(page.get_by_text("No orders match")).to_be_visible()
