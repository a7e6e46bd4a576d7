"""The pace in the page, so that its scripts have no limits of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webapp.panels.costs import PROCESS
from webapp.panels.pacing import BELL_TIMES, LIST_TIMES, PART_TIMES
from webapp.panels.registry import PANELS

from ..support.browser import Person
from ..support.world import World

STATIC = Path(__file__).parents[2] / "webapp" / "static"


@pytest.mark.parametrize("path", ["/", "/orders", "/inbox"])
def test_a_page_has_the_pace_of_its_first_viewer(ana: Person, path: str) -> None:
    page = ana.page(path).select_one("#page-clock")
    assert page is not None
    assert (page["data-pace"], page["data-jitter"]) == (str(PROCESS.pacing(1).page_ms), "0")


def test_each_live_part_has_its_number_of_paces(ana: Person, world: World, tenant: int) -> None:
    number = "S-1"
    world.order(tenant, 100, number=number)
    expected = {panel.name: panel.pace_times for panel in PANELS.values()} | {
        "board": 1,
        "inbox": BELL_TIMES,
        "today": PART_TIMES,
        "orders_list": LIST_TIMES,
        "order": PART_TIMES,
        "comments": PART_TIMES,
        "customer_orders": PART_TIMES,
        "inbox-page": PART_TIMES,
    }
    assert expected["recent_orders"] == LIST_TIMES
    found = {}
    for path in ("/", "/orders", f"/orders/{number}", "/inbox"):
        for part in ana.page(path).select('[hx-trigger^="refetch"]'):
            assert part["hx-trigger"] == "refetch", "the pace is not htmx's throttle"
            found[str(part["id"])] = int(str(part["data-pace-times"]))
    assert found == expected


@pytest.mark.parametrize("script", ["pace.js", "batch_refetch.js", "recent.js", "orders.js"])
def test_a_script_of_the_pace_has_no_time_of_its_own(script: str) -> None:
    assert re.findall(r"_MS\b|setTimeout\([^;]*\d{2,}", (STATIC / script).read_text()) == []
