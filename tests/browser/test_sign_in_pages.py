"""The pages that only a step before them leads to: app set-up, recovery codes, second step and the way to a provider."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from webapp import create_app
from webapp.db import db

from ..conftest import config_for
from ..support.large_amounts import CUSTOMER
from ..support.processes import Doorbell
from ..support.sign_in_states import SSO, provider_of
from ..support.two_step import PASSWORD, password_hash
from ..support.world import Service, World
from .conftest import TIMEOUT_MS
from .test_accessibility import LOOKS, overflow, violations
from .test_layout import faults

pytestmark = pytest.mark.browser

EMAIL = "bartholomaeus.wolfeschlegelsteinhausen-featherstonehaugh@long.example"
ALLOWED = {"WEBHOOK_ALLOW": "127.0.0.0/8"}


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant("acme", name=CUSTOMER)


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    """Doorbell that may ask a provider at this host."""
    doorbell = Doorbell(service, **ALLOWED)
    doorbell.start()
    yield doorbell
    doorbell.close()


@pytest.fixture(params=["en-GB", "ar"])
def page(request: pytest.FixtureRequest, chromium: Browser, doorbell: Doorbell) -> Iterator[Page]:
    context = chromium.new_context(base_url=doorbell.url, locale=request.param, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def check(page: Page) -> None:
    """Axe and the layout at each look."""
    name = page.locator("h1").inner_text()
    for scheme, width in LOOKS.values():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 812})
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        assert (name, width, violations(page), overflow(page), faults(page)) == (name, width, [], 0, [])


def enter_password(page: Page) -> None:
    page.goto("/sign-in")
    page.locator("#email").fill(EMAIL)
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_the_pages_of_two_step_sign_in_have_no_fault(page: Page, world: World, tenant: int) -> None:
    world.user(tenant, email=EMAIL, password_hash=password_hash())
    world.conn.execute("UPDATE tenants SET requires_second_factor = true")
    enter_password(page)
    expect(page.locator(".two-step-gate")).to_be_visible()
    check(page)
    page.locator("form[action$='/two-step/app'] button").click()
    expect(page.locator(".two-step-qr")).to_be_visible()
    check(page)
    page.locator("#code").fill(pyotp.TOTP(page.locator("#secret").get_attribute("title") or "").now())
    page.keyboard.press("Enter")
    expect(page.locator("#codes")).to_be_visible()
    check(page)

    page.context.clear_cookies()
    enter_password(page)
    page.locator(".two-step-other summary").click()
    expect(page.locator("#recovery_code")).to_be_visible()
    check(page)
    page.locator("#recovery_code").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#recovery-problem")).to_be_visible()
    check(page)


def test_the_way_to_a_provider_has_no_fault(page: Page, service: Service, world: World, tenant: int) -> None:
    app = create_app(config_for(service, **ALLOWED))
    with provider_of(app, world, tenant, "sso.example") as issuer:
        page.route(f"{issuer}/**", stay)
        page.goto(SSO)
        page.locator("#email").fill("ana@sso.example")
        page.keyboard.press("Enter")
        expect(page.locator(f"main a[href^='{issuer}']")).to_be_visible()
        check(page)
    with app.app_context():
        db.engine.dispose()


def stay(route: Route) -> None:
    """The browser stays on the page that leads to the provider."""
    route.fulfill(status=204)
