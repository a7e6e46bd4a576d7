"""A transaction that stays open, and the tenant's midnight."""

from __future__ import annotations

import time

import psycopg
import pytest
from playwright.sync_api import expect

from ..support.processes import eventually
from .conftest import Try
from .expected import LEADER_LOST
from .stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.faults]

OPEN_SECONDS = 30.0
AT_ONCE_SECONDS = 5.0  # for a probe to be on every screen


def test_nothing_is_wrong_while_nothing_fails(stage: Stage, strike: Try) -> None:
    """The stage itself: a fault's time to truth means something beside this one."""
    with strike("none") as fault:
        stage.wait(1)
        fault.heal()


def test_an_open_writing_transaction_holds_up_nobody_and_shows_at_its_commit(stage: Stage, strike: Try) -> None:
    with strike(f"a writing transaction open for {OPEN_SECONDS:.0f} s") as fault, stage.connect() as open_one:
        with open_one.transaction():
            _place(open_one, stage.tenant, "LATE", minutes=3)
            probes = [_place_and_see(stage, f"PROBE-{n}") for n in _every(3.0, OPEN_SECONDS)]
        late = _see(stage, "LATE")
        fault.heal()
        fault.row.notes |= {"slowest_of_the_others_s": round(max(probes), 2), "the_late_commit_s": round(late, 2)}
        assert len(probes) >= 5
        assert max(probes) < AT_ONCE_SECONDS, probes
        assert late < AT_ONCE_SECONDS


def _every(seconds: float, until: float) -> range:
    """Numbers for probes: each takes its time, so fewer are sent where they are slow."""
    return range(int(until / seconds))


def _place_and_see(stage: Stage, number: str) -> float:
    began = time.monotonic()
    with stage.connect() as conn:
        _place(conn, stage.tenant, number, minutes=2)
    took = _see(stage, number)
    stage.wait(max(0.0, 3.0 - (time.monotonic() - began)))
    return took


def _place(conn: psycopg.Connection, tenant_id: int, number: str, minutes: int) -> None:
    """An order that is first in the list: at a hundred changes a second another would be gone before it is looked for."""
    conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " VALUES (%s, %s, 'Probe', 'EUR', 100, now() + make_interval(mins => %s))",
        [tenant_id, number, minutes],
    )


def _see(stage: Stage, number: str) -> float:
    """How long it takes until every page has the order, in seconds."""
    began = time.monotonic()
    for viewer in stage.viewers:
        expect(viewer.page.locator("#recent_orders")).to_contain_text(number)
    return time.monotonic() - began


def test_at_the_tenants_midnight_every_page_turns_its_day(stage: Stage, strike: Try) -> None:
    """The listeners are told that they last looked a day ago: that is the turn of the day for them."""
    with strike("the tenant's midnight", LEADER_LOST) as fault:
        before = [viewer.told("day") for viewer in stage.viewers]
        standby, leader = stage.standby(), stage.leader()
        assert standby.stop() == 0
        assert leader.stop() == 0
        with stage.connect() as conn:
            conn.execute("UPDATE outbox_readers SET drained_at = drained_at - interval '1 day'")
        leader.start()
        standby.start()
        fault.heal()
        eventually(lambda: all(viewer.told("day") > n for viewer, n in zip(stage.viewers, before, strict=True)))
