"""Processes started while PostgreSQL and Redis are away: none exits, and each logs what it waits for."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.config import CANNOT_START
from webapp.launcher import procfile

from ..support.ports import free_port
from ..support.processes import Doorbell, Process
from ..support.wait import eventually
from ..support.world import Service

ROOT = Path(__file__).parents[2]
WAIT_LINES = {
    "listener": "postgresql is away; trying again",
    "worker": "Cannot connect to redis",
}


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    yield doorbell
    doorbell.close()


def started(doorbell: Doorbell, env: dict[str, str]) -> dict[str, Process]:
    """The processes of the Procfile by name."""
    processes = {}
    for name, command in procfile.read(ROOT / "Procfile").items():
        program, *rest = shlex.split(command)
        processes[name] = doorbell.process(str(Path(sys.executable).parent / program), *rest, **env)
        processes[name].start()
    return processes


@pytest.mark.faults
def test_every_process_of_the_procfile_waits_for_its_servers(doorbell: Doorbell) -> None:
    away = {
        "DATABASE_URL": f"postgresql://x@127.0.0.1:{free_port()}/x",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
    }
    processes = started(doorbell, away)
    for name, words in WAIT_LINES.items():
        assert eventually(lambda name=name, words=words: words in processes[name].log, 60)
    assert [name for name, process in processes.items() if not process.running] == []
    assert [name for name, process in processes.items() if "Traceback" in process.log] == []
    assert [name for name, process in processes.items() if process.stop(30) != 0] == []


def test_an_invalid_setting_ends_every_process_with_the_same_exit_code(doorbell: Doorbell) -> None:
    processes = started(doorbell, {"SECRET_KEY": "short"})
    assert {name: process.wait(60) for name, process in processes.items()} == dict.fromkeys(processes, CANNOT_START)
    assert [name for name, process in processes.items() if "SECRET_KEY has 5 characters" not in process.log] == []
    assert [name for name, process in processes.items() if "Traceback" in process.log] == []
