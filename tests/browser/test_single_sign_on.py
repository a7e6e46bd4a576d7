"""Single sign-on in a real browser: an admin sets it up, and a colleague signs in on the provider's own page."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, expect

from ..support.install.oidc_provider import BY_HAND, is_installed
from ..support.oidc.process import CLIENT_ID, CLIENT_SECRET, Provider
from ..support.ports import free_port
from ..support.processes import Doorbell
from ..support.world import Service, World

pytestmark = pytest.mark.browser
ANA = "ana@northwind.example"


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    """Real processes whose providers may be on this machine."""
    doorbell = Doorbell(service, WEBHOOK_ALLOW="127.0.0.0/8")
    doorbell.start()
    yield doorbell
    doorbell.close()


@pytest.fixture
def provider(doorbell: Doorbell) -> Iterator[Provider]:
    if not is_installed():
        pytest.skip(BY_HAND)
    provider = Provider(free_port(), f"{doorbell.url}/sign-in/single-sign-on/answer")
    provider.start()
    provider.person(ANA, name="Ana Silva", groups=["doorbell-managers"])
    yield provider
    provider.stop()


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Opens a browser without cookies, for each person one."""
    opened: list[BrowserContext] = []

    def open_context() -> BrowserContext:
        opened.append(chromium.new_context())
        return opened[-1]

    yield open_context
    for context in opened:
        context.close()


def test_an_admin_sets_it_up_and_a_colleague_signs_in_at_the_provider(
    open_context: Callable[[], BrowserContext],
    doorbell: Doorbell,
    provider: Provider,
    world: World,
    conn: psycopg.Connection,
) -> None:
    tenant = world.tenant("northwind", name="Northwind")
    conn.execute("INSERT INTO sso_domains (tenant_id, domain) VALUES (%s, 'northwind.example')", [tenant])
    admin = world.user(tenant, "Ada Admin", role="admin")
    name, _equals, value = doorbell.cookie(admin).partition("=")
    context = open_context()
    context.add_cookies([{"name": name, "value": value, "url": doorbell.url}])
    page = context.new_page()
    page.goto(f"{doorbell.url}/settings/sign-in/single-sign-on")
    page.get_by_label("Issuer").fill(provider.issuer)
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.get_by_label("Client secret").fill(CLIENT_SECRET)
    page.get_by_label("Claim of rule 1").fill("groups")
    page.get_by_label("Value of rule 1").fill("doorbell-managers")
    page.get_by_label("Role of rule 1").select_option("manager")
    page.get_by_label("Button").fill("Sign in with Northwind")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Single sign-on saved.")).to_be_visible()
    page.get_by_role("button", name="Test the saved settings").click()
    expect(page.get_by_text("The provider accepts the client ID and the client secret.")).to_be_visible()

    page = open_context().new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"{doorbell.url}/orders")
    page.get_by_role("link", name="Use another e-mail address").click()
    page.get_by_label("Work e-mail").fill(ANA)
    page.get_by_role("button", name="Continue").click()
    # The provider's own page, which knows the address by login_hint.
    expect(page.locator("input[name=login]")).to_have_value(ANA)
    page.locator("input[name=password]").fill("at the provider")
    page.get_by_role("button", name="Sign-in").click()
    expect(page).to_have_url(re.compile(f"^{re.escape(doorbell.url)}/orders"))
    row = conn.execute("SELECT name, role FROM users WHERE email = %s", [ANA]).fetchone()
    assert row == ("Ana Silva", "manager")
    assert faults == []


def test_a_frozen_provider_holds_no_other_request_and_ends_in_words(
    doorbell: Doorbell, provider: Provider, world: World, conn: psycopg.Connection
) -> None:
    """The provider accepts the connection and does not answer, in a web process with one thread."""
    tenant = world.tenant("northwind")
    conn.execute("INSERT INTO sso_domains (tenant_id, domain) VALUES (%s, 'northwind.example')", [tenant])
    columns = "tenant_id, issuer, client_id, client_secret, default_role"
    conn.execute(
        f"INSERT INTO sso_connections ({columns}) VALUES (%s, %s, 'doorbell', '', 'sales')", [tenant, provider.issuer]
    )
    browser = requests.Session()
    form = browser.get(f"{doorbell.url}/sign-in/single-sign-on", timeout=20)
    token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
    assert token is not None
    data = {"csrf_token": token[1], "email": ANA}
    answers: list[requests.Response] = []
    os.kill(provider.pid, signal.SIGSTOP)
    try:
        begun = threading.Thread(
            target=lambda: answers.append(browser.post(f"{doorbell.url}/sign-in/single-sign-on", data=data, timeout=60))
        )
        begun.start()
        # Few, because on a busy machine many would last as long as the sign-in waits.
        for _number in range(3):
            assert requests.get(f"{doorbell.url}/healthz", timeout=20).status_code == 200
        assert answers == []
        begun.join()
    finally:
        os.kill(provider.pid, signal.SIGCONT)
    assert answers[0].status_code == 503
    assert "did not answer completely within 6 seconds" in answers[0].text
