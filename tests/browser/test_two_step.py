"""Two-step sign-in in Chromium, with its virtual authenticator, at http://localhost: an IP address has no passkeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..support.processes import Doorbell
from ..support.two_step import PASSWORD, password_hash
from ..support.world import World
from .conftest import TIMEOUT_MS

pytestmark = pytest.mark.browser
SECTION = "/settings/security/two-step"


@pytest.fixture
def email(world: World) -> str:
    """The e-mail of Ana, an admin with PASSWORD."""
    world.user(world.tenant(), role="admin", email="ana@example.com", password_hash=password_hash())
    return "ana@example.com"


@pytest.fixture
def page(chromium: Browser, doorbell: Doorbell) -> Iterator[Page]:
    """A page whose browser has an authenticator that verifies its user."""
    context = chromium.new_context(base_url=f"http://localhost:{doorbell.port}")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    authenticator = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = authenticator | {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()
    assert faults == []


def enter_password(page: Page, email: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def add_passkey(page: Page, name: str) -> None:
    page.goto(SECTION)
    page.get_by_label("Name of the new passkey").fill(name)
    page.get_by_role("button", name="Add passkey").click()


def sign_out(context: BrowserContext) -> None:
    context.clear_cookies()


def end(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"] + box["width"]


def test_long_names_and_closed_questions_keep_the_layout(page: Page, email: str, world: World) -> None:
    world.conn.execute("UPDATE users SET name = %s", ["W" * 60])
    enter_password(page, email)
    expect(page.locator("#live-label")).to_be_visible()
    page.goto(SECTION)
    page.get_by_role("button", name="Set up app").click()
    page.locator("#code").fill(pyotp.TOTP(str(page.locator("#secret").get_attribute("title"))).now())
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#codes")).to_be_visible()
    add_passkey(page, "M" * 60)
    expect(page.locator(".alert")).to_contain_text("M" * 60)
    page.set_viewport_size({"width": 375, "height": 800})
    for path in (SECTION, "/settings/audit-log"):
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        page.goto(path)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/settings/security")
    assert page.locator(".topbar").evaluate("bar => bar.clientHeight") < 70
    edge = end(page, "#two-step .two-step-list")
    for question in (
        "#two-step .two-step-passkeys .tv-ask summary",
        "#recovery-codes summary",
        ".security-ask summary",
    ):
        assert end(page, question) == pytest.approx(edge, abs=2), question


def test_a_passkey_signs_in_alone_and_as_the_second_step(page: Page, email: str) -> None:
    enter_password(page, email)
    expect(page.locator("#live-label")).to_be_visible()
    add_passkey(page, "Ana's laptop")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert len(page.locator("#codes").inner_text().split()) == 10
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_text("Ana's laptop", exact=True)).to_be_visible()

    sign_out(page.context)
    page.goto("/sign-in?next=/orders")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()

    sign_out(page.context)
    enter_password(page, email)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("#live-label")).to_be_visible()


def test_a_passkey_is_added_once_per_device(page: Page, email: str) -> None:
    enter_password(page, email)
    expect(page.locator("#live-label")).to_be_visible()
    add_passkey(page, "Laptop")
    expect(page.locator("#codes")).to_be_visible()
    add_passkey(page, "Laptop again")
    expect(page.get_by_role("alert").filter(has_text="has a passkey for your account already")).to_be_visible()
    page.get_by_label("Remove Laptop").click()
    page.get_by_role("button", name="Remove passkey").click()
    expect(page.get_by_text("Passkey “Laptop” removed.")).to_be_visible()


def test_a_required_app_is_set_up_before_the_board_opens(page: Page, email: str, world: World, tmp_path: Path) -> None:
    world.conn.execute("UPDATE tenants SET requires_second_factor = true")
    enter_password(page, email)
    expect(page.get_by_role("heading", name="Set up two-step sign-in")).to_be_visible()
    page.goto("/orders")
    page.get_by_role("button", name="Set up app").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    totp = pyotp.TOTP(page.locator("#secret").get_attribute("title") or "")
    page.get_by_label("Enter the six digits").fill(totp.now())
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "codes.txt")
    codes = page.locator("#codes").inner_text().split()
    assert "\n".join(codes) in (tmp_path / "codes.txt").read_text()
    page.goto("/")
    expect(page.locator("#live-label")).to_have_text("Live")

    sign_out(page.context)
    enter_password(page, email)
    page.get_by_text("Use a recovery code").click()
    page.get_by_label("Recovery code", exact=True).fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_text("9 are left")).to_be_visible()
