"""A listener stops cleanly, and lists what is missing in its environment."""

from __future__ import annotations

from webapp.config import CANNOT_START

from ..support.processes import Doorbell, Process


def test_sigterm_stops_a_listener_cleanly(listener: Process) -> None:
    assert listener.stop() == 0
    assert "stopped" in listener.log.splitlines()[-1]


def test_every_missing_variable_is_listed(doorbell: Doorbell) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        del doorbell.listener.env[name]
    doorbell.listener.start()
    assert doorbell.listener.wait(60) == CANNOT_START
    assert all(name in doorbell.listener.log for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"))
    assert "Traceback" not in doorbell.listener.log


def test_the_first_start_logs_no_warning(listener: Process) -> None:
    assert "first start: nothing to catch up on" in listener.log
    assert "warning" not in listener.log
    assert "resync" not in listener.log
