"""A worker that is killed in a refresh leaves rollups and cursor that belong together."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

from webapp.rollups import refresh

from ..support.order_lines import add_line
from ..support.plain_count import assert_they_equal_a_plain_count
from ..support.wait import eventually
from ..support.world import Service, World

_REFRESH = """
import sys
from webapp.rollups import refresh
print("ready", flush=True)
while True:
    refresh.refresh(sys.argv[1])
"""


def test_rollups_are_right_after_kills_in_the_middle_of_refreshes(service: Service, world: World) -> None:
    tenant, rng = world.tenant(), random.Random(7)
    people = [None, world.user(tenant), world.user(tenant, "Ben Okafor")]
    for _ in range(3):
        worker = subprocess.Popen([sys.executable, "-c", _REFRESH, service.database_url], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + rng.uniform(0.2, 0.6)
        while time.monotonic() < deadline:
            order = world.order(tenant, owner_id=rng.choice(people), paid_at="2026-03-02 12:00+00")
            add_line(world, tenant, order, "Tea", 100)
            world.change(order, refunded_minor=rng.choice([0, 10]), placed_at="2026-03-01 12:00+00")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        _wait_for_the_end_of_its_session(world)
    refresh.refresh(service.database_url)
    assert_they_equal_a_plain_count(world.conn)


def _wait_for_the_end_of_its_session(world: World) -> None:
    """PostgreSQL ends the statement of a killed client before it notices, and holds the lock of the refresh until then."""
    sessions = (
        "SELECT FROM pg_stat_activity WHERE application_name = 'doorbell rollups' AND datname = current_database()"
    )
    eventually(lambda: world.conn.execute(sessions).fetchone() is None)
