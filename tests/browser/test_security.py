"""A forgotten password and the list of sessions, in real browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from webapp.accounts import passwords

from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import Service, World
from .conftest import TIMEOUT_MS

pytestmark = pytest.mark.browser

EMAIL, OLD, NEW = "ana.silva@example.com", "correct horse battery", "a lovely new staple"


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def doorbell(service: Service, mails: Path) -> Iterator[Doorbell]:
    doorbell = Doorbell(service, MAIL_FOLDER=str(mails))
    doorbell.start()
    yield doorbell
    doorbell.close()


@pytest.fixture
def email(world: World, tenant: int) -> str:
    statement = "UPDATE users SET email = %s, password_hash = %s WHERE name = 'Ana Silva'"
    world.conn.execute(statement, [EMAIL, passwords.hash_password(OLD)])
    return EMAIL


def new_page(chromium: Browser, **options: object) -> Page:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, **options)  # type: ignore[arg-type]
    context.set_default_timeout(TIMEOUT_MS)
    return context.new_page()


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#live-label")).to_have_text("Live")


def mailed_link(mails: Path) -> str:
    """The link of the only mail, as soon as it is written."""

    def links() -> list[str]:
        written = "".join(mail.read_text() for mail in mails.glob("*.eml"))
        return re.findall(r"^http://\S+/password-reset/\S+$", written, re.MULTILINE)

    return eventually(links)[0]


def test_a_forgotten_password_is_replaced_and_a_session_is_signed_out(
    chromium: Browser, doorbell: Doorbell, email: str, mails: Path
) -> None:
    page = new_page(chromium)
    page.goto(doorbell.url + "/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(email)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()
    page.goto(mailed_link(mails))
    assert page.url == doorbell.url + "/password-reset/new", "the address shows no secret"
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("Repeat the new password").fill(NEW)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password was changed")
    sign_in(page, NEW)

    phone = new_page(chromium, user_agent="Mozilla/5.0 (iPhone) Version/18.0 Mobile/15E148 Safari/604.1")
    phone.goto(doorbell.url + "/sign-in")
    sign_in(phone, NEW)
    page.goto(doorbell.url + "/settings/security")
    rows = page.locator(".security-session")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("This session")
    rows.nth(1).get_by_role("button", name="Sign out Safari 18 on iPhone").click()
    expect(rows).to_have_count(1)
    expect(phone.get_by_text("You are signed out").first).to_be_visible()
