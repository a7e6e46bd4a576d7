"""A reader that is killed at random while writers write: it handles every event, per order in the order of the commits."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time

import pytest

from webapp.outbox.reader import Reader

from ..support.order_writers import Handled, OpenTransaction, RandomWriter, stop_all, violations
from ..support.processes import ROOT
from ..support.reader_trial import WRITERS, InOrder, Trial
from ..support.world import Service, World

SECONDS = 4.0


@pytest.mark.parametrize("seed", [1, 2])
def test_each_event_is_handled_in_the_order_of_its_orders_commits(service: Service, world: World, seed: int) -> None:
    tenant = world.tenant()
    trial = Trial(service, tenant, seed)
    handled = trial.run(InOrder(), SECONDS)
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
    deadline = time.monotonic() + 90
    with OpenTransaction(service, tenant):
        for writer in writers:
            writer.start()
        while time.monotonic() < deadline:
            _run_process(service, handled, rng.uniform(0.01, 1.5))
        stop_all(writers, stop)
    _run_process(service, handled, None)
    assert violations(handled, world.conn, tenant) == []
    assert len(handled.in_flight) > 20
    assert handled.repeats > 0


def _run_process(service: Service, handled: Handled, seconds: float | None) -> None:
    """Run a reader until it has handled its first event, then for `seconds` until SIGKILL; without `seconds` to its end."""
    command = [sys.executable, "-m", "tests.support.apps.ordered_reader", service.database_url]
    if seconds is None:
        command.append("--to-the-end")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        killer = None
        for line in process.stdout:
            if seconds is not None and killer is None:
                killer = threading.Timer(seconds, process.kill)
                killer.start()
            if not line.endswith("\n"):
                break  # killed while it wrote
            message = json.loads(line)
            handled.saved() if message == "saved" else handled.handle(*message)
        if killer is not None:
            killer.cancel()
            killer.join()
    if seconds is not None:
        handled.crashed()
