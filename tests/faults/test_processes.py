"""Each process is killed or frozen in turn. Its manager restarts it after two seconds."""

from __future__ import annotations

import signal

import pytest

from ..support.wait import eventually
from .conftest import Try
from .expected import LEADER_LOST, WORKER_FROZEN, WORKER_KILLED
from .stage import FaultStage

pytestmark = [pytest.mark.browser, pytest.mark.faults]

STOPPED_SECONDS = 20.0


def test_a_killed_leader_is_survived(stage: FaultStage, strike: Try) -> None:
    with strike("kill -9 the leading listener", LEADER_LOST) as fault:
        leader = stage.leader()
        leader.kill()
        stage.wait(stage.away_seconds)
        leader.start()
        fault.heal()


def test_a_killed_standby_is_survived(stage: FaultStage, strike: Try) -> None:
    with strike("kill -9 the standby") as fault:
        standby = stage.standby()
        standby.kill()
        stage.wait(stage.away_seconds)
        standby.start()
        fault.heal()


def test_a_killed_web_worker_is_survived(stage: FaultStage, strike: Try) -> None:
    with strike("kill -9 one web worker", WORKER_KILLED) as fault:
        worker = stage.web_workers()[0]
        worker.kill()
        eventually(lambda: worker not in stage.web_workers() and len(stage.web_workers()) == 2)  # gunicorn restarts it
        fault.heal()


@pytest.mark.parametrize("seconds", [2, 15])
def test_a_kill_of_the_whole_web_is_survived(stage: FaultStage, strike: Try, seconds: int) -> None:
    with strike(f"kill -9 gunicorn and its workers, {seconds} s away") as fault:
        stage.web.kill()
        stage.wait(seconds)
        stage.doorbell.start_web()
        fault.heal()


def test_a_killed_celery_worker_is_survived(stage: FaultStage, strike: Try) -> None:
    with strike("kill -9 the Celery worker") as fault:
        stage.worker.kill()
        with stage.connect() as conn:
            conn.execute("TRUNCATE rollups_daily")
        stage.wait(stage.away_seconds)
        stage.worker.start()
        fault.heal()
    assert eventually(stage.has_rollups, 40), "the worker works again"


def test_a_killed_beat_is_survived(stage: FaultStage, strike: Try) -> None:
    with strike("kill -9 beat") as fault:
        stage.beat.kill()
        stage.wait(stage.away_seconds)
        stage.beat.start()
        fault.heal()


def test_the_standby_takes_over_from_a_frozen_leader(stage: FaultStage, strike: Try) -> None:
    with strike(f"SIGSTOP the leading listener, {STOPPED_SECONDS:.0f} s", LEADER_LOST) as fault:
        leader = stage.leader()
        leader.send(signal.SIGSTOP)
        stage.wait(2)
        took = fault.is_true_within(15, since="fault")
        stage.shop.gate.open()
        stage.wait(STOPPED_SECONDS - took)
        leader.send(signal.SIGCONT)
        fault.row.notes["before_SIGCONT_s"] = round(took, 2)
        fault.heal()


def test_a_frozen_web_worker_is_survived(stage: FaultStage, strike: Try) -> None:
    with strike(f"SIGSTOP one web worker, {STOPPED_SECONDS:.0f} s", WORKER_FROZEN) as fault:
        worker = stage.web_workers()[0]
        worker.suspend()
        stage.wait(STOPPED_SECONDS)
        worker.resume()
        fault.heal()
