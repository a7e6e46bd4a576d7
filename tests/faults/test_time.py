"""A transaction that stays open, and a tenant's midnight."""

from __future__ import annotations

import time

import psycopg
import pytest
from playwright.sync_api import expect

from ..support.wait import eventually
from .conftest import Try
from .expected import LEADER_LOST
from .stage import FaultStage

pytestmark = [pytest.mark.browser, pytest.mark.faults]

OPEN_SECONDS = 30.0
# How soon a probe must be on every page.
PROBE_SECONDS = 5.0


def test_the_pages_equal_the_database_without_a_fault(stage: FaultStage, strike: Try) -> None:
    """The baseline for the times of the faults."""
    with strike("none") as fault:
        stage.wait(1)
        fault.heal()


def test_an_open_transaction_delays_no_other_and_shows_at_its_commit(stage: FaultStage, strike: Try) -> None:
    with strike(f"a writing transaction open for {OPEN_SECONDS:.0f} s") as fault, stage.connect() as open_one:
        with open_one.transaction():
            _place(open_one, stage.tenant, "LATE", minutes=3)
            probes = [_place_and_see(stage, f"PROBE-{n}") for n in _every(3.0, OPEN_SECONDS)]
        late = _see(stage, "LATE")
        fault.heal()
        fault.row.notes |= {"slowest_of_the_others_s": round(max(probes), 2), "the_late_commit_s": round(late, 2)}
        assert len(probes) >= 5
        assert max(probes) < PROBE_SECONDS, probes
        assert late < PROBE_SECONDS


def _every(seconds: float, until: float) -> range:
    """The numbers of the probes."""
    return range(int(until / seconds))


def _place_and_see(stage: FaultStage, number: str) -> float:
    began = time.monotonic()
    with stage.connect() as conn:
        _place(conn, stage.tenant, number, minutes=2)
    took = _see(stage, number)
    stage.wait(max(0.0, 3.0 - (time.monotonic() - began)))
    return took


def _place(conn: psycopg.Connection, tenant_id: int, number: str, minutes: int) -> None:
    """Place an order that stays first in the list. At 100 changes per second another would leave it at once."""
    conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " VALUES (%s, %s, 'Probe', 'EUR', 100, now() + make_interval(mins => %s))",
        [tenant_id, number, minutes],
    )


def _see(stage: FaultStage, number: str) -> float:
    """The seconds until every page shows the order."""
    began = time.monotonic()
    for viewer in stage.viewers:
        expect(viewer.page.locator("#recent_orders")).to_contain_text(number)
    return time.monotonic() - began


def test_every_page_starts_a_new_day_at_the_tenants_midnight(stage: FaultStage, strike: Try) -> None:
    """Set the last drain back by a day, which is a new day for the listeners."""
    with strike("the tenant's midnight", LEADER_LOST) as fault:
        before = [viewer.received("day") for viewer in stage.viewers]
        standby, leader = stage.standby(), stage.leader()
        assert standby.stop() == 0
        assert leader.stop() == 0
        with stage.connect() as conn:
            conn.execute("UPDATE outbox_readers SET drained_at = drained_at - interval '1 day'")
        leader.start()
        standby.start()
        fault.heal()
        eventually(lambda: all(viewer.received("day") > n for viewer, n in zip(stage.viewers, before, strict=True)))
