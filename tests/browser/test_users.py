"""A user's whole way in the browser: invited by mail, joined, seen live by the admin, and disabled."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email import policy
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ..support.invitations import EMAIL, PASSWORD, USERS
from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import Service, World
from .conftest import TIMEOUT_MS, Sign

pytestmark = pytest.mark.browser


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def doorbell(service: Service, folder: Path) -> Iterator[Doorbell]:
    """Doorbell that writes its mails into a folder."""
    doorbell = Doorbell(service, DOORBELL_DEMO="1", MAIL_FOLDER=str(folder))
    doorbell.start()
    yield doorbell
    doorbell.close()


def link_in_mail(folder: Path) -> str:
    (file,) = eventually(lambda: list(folder.glob("*.eml")))
    mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == EMAIL
    found = re.search(r"http://\S+/invitation/[\w-]{43}", str(mail.get_content()))
    assert found
    return found[0]


def test_a_user_is_invited_joins_and_is_disabled(
    chromium: Browser, doorbell: Doorbell, world: World, tenant: int, sign_in: Sign, folder: Path
) -> None:
    ada = sign_in(world.user(tenant, "Ada Admin", role="admin")).open(USERS)
    ada.page.get_by_role("link", name="Invite user").click()
    ada.page.get_by_label("E-mail").fill(EMAIL)
    ada.page.get_by_role("button", name="Send invitation").click()
    expect(ada.page.get_by_role("status").filter(has_text=f"Sent an invitation to {EMAIL}.")).to_be_visible()
    expect(ada.page.locator("#invitations")).to_contain_text(EMAIL)
    ada.is_live()
    ada.page.evaluate("window.paintedOnce = true")

    context = chromium.new_context()
    try:
        context.set_default_timeout(TIMEOUT_MS)
        zoe = context.new_page()
        zoe.goto(link_in_mail(folder))
        zoe.get_by_label("Your name").fill("Zoë Ångström")
        zoe.get_by_label("Choose a password").fill(PASSWORD)
        zoe.get_by_role("button", name="Join").click()
        expect(zoe.locator("#live-label")).to_have_text("Live")
        expect(zoe.locator("#revenue")).to_be_visible()

        # The admin's open page shows the new user without a reload.
        link = ada.page.locator("#users-list").get_by_role("link", name="Zoë Ångström")
        expect(link).to_be_visible()
        expect(ada.page.locator("#invitations")).to_have_count(0)
        assert ada.was_not_reloaded()

        link.click()
        ada.page.locator("#disable > summary").click()
        ada.page.get_by_role("button", name="Disable the user").click()
        expect(ada.page.locator(".users-title")).to_contain_text("Disabled")
        expect(zoe.locator("#live-label")).to_contain_text("You are signed out.")
    finally:
        context.close()


def test_typed_text_stays_when_another_admin_changes_the_user(
    world: World, tenant: int, ben: int, sign_in: Sign
) -> None:
    admins = [world.user(tenant, f"{name} Admin", role="admin") for name in ("Ada", "Eve")]
    first, second = (sign_in(admin).open(f"{USERS}/{ben}") for admin in admins)
    first.page.get_by_label("Name", exact=True).fill("Benjamin")
    second.page.get_by_label("New role").select_option("viewer")
    second.page.get_by_role("button", name="Change role").click()
    expect(first.page.locator(".settings-facts")).to_contain_text("Viewer")
    expect(first.page.get_by_label("Name", exact=True)).to_have_value("Benjamin")
    expect(first.page.get_by_label("New role")).to_have_value("viewer")
    assert first.was_not_reloaded()
