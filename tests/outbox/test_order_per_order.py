"""A reader that is killed at random while writers write: it handles every event, per order in the order of the commits."""

from __future__ import annotations

import random
import threading
import time

import pytest

from webapp.outbox.reader import Reader

from ..support.order_writers import Handled, OpenTransaction, RandomWriter, stop_all, violations
from ..support.reader_process import run_reader
from ..support.reader_trial import WRITERS, InOrder, Trial
from ..support.world import Service, World

SECONDS = 4.0


@pytest.mark.parametrize("seed", [1, 2])
def test_each_event_is_handled_in_the_order_of_its_orders_commits(service: Service, world: World, seed: int) -> None:
    tenant = world.tenant()
    trial = Trial(service, tenant, seed)

    def is_enough(handled: Handled) -> bool:
        has_met = any(writer.conflicts for writer in trial.writers)
        return handled.events > 300 and len(handled.in_flight) > 5 and handled.repeats > 0 and has_met

    handled = trial.run(InOrder(), SECONDS, is_enough)
    assert violations(handled, world.conn, tenant) == []
    assert handled.events > 300
    assert len(handled.in_flight) > 5
    assert handled.repeats > 0, "no crash hit a page in flight"
    assert max(map(len, handled.in_flight)) <= InOrder.limit, "a crash repeats one page at most"
    assert any(writer.conflicts for writer in trial.writers), "no two writers met"


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_a_reader_process_that_is_killed_loses_and_reorders_nothing(service: Service, world: World) -> None:
    tenant, rng, stop, handled = world.tenant(), random.Random(11), threading.Event(), Handled()
    Reader("trial").save(world.conn, Reader("trial").present(world.conn))
    writers = [RandomWriter(service, tenant, n, stop) for n in range(WRITERS)]

    def is_enough() -> bool:
        return len(handled.in_flight) > 40 and handled.repeats > 5

    began = time.monotonic()
    with OpenTransaction(service, tenant):
        for writer in writers:
            writer.start()
        # On a busy machine, where a reader starts slowly, it goes on until there were enough kills.
        while time.monotonic() - began < 60 or (not is_enough() and time.monotonic() - began < 200):
            run_reader(service.database_url, handled, rng.uniform(0.001, 1.0))
        stop_all(writers, stop)
    run_reader(service.database_url, handled, None)
    assert violations(handled, world.conn, tenant) == []
    assert len(handled.in_flight) > 40
    assert handled.repeats > 5, "few kills hit a page in flight"
