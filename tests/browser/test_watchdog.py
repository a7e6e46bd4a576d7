"""The watchdog: a server that sends nothing for longer than the page's timeout."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import expect

from ..support.processes import Doorbell
from ..support.world import World
from .conftest import Sign

pytestmark = [pytest.mark.browser, pytest.mark.faults]


def test_the_watchdog_detects_a_silent_stream(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    """A stopped server keeps its connections open and sends nothing, so only the missing ping shows it."""
    screen = sign_in(ana).open()
    os.killpg(doorbell.web.pid, signal.SIGSTOP)
    try:
        expect(screen.page.locator("#live-label")).not_to_have_text("Live", timeout=60_000)
        world.conn.execute("UPDATE orders SET customer = 'While it was silent' WHERE number = 'S1'")
    finally:
        os.killpg(doorbell.web.pid, signal.SIGCONT)
    expect(screen.page.locator("#recent_orders")).to_contain_text("While it was silent", timeout=40_000)
    expect(screen.page.locator("#live-label")).to_have_text("Live", timeout=40_000)
    assert screen.was_not_reloaded()
