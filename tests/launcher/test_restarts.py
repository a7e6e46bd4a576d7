"""Processes of a Procfile that end: their restarts, giving them up, and a stop that ends all of them."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from webapp.config import CANNOT_START
from webapp.launcher.procfile import STOP_SECONDS, Processes
from webapp.launcher.restarts import MAX_FAILED_STARTS, STARTED_SECONDS, Restarts, how_it_ended

from ..support.running_time import running_time


def test_the_back_off_doubles_up_to_thirty_seconds() -> None:
    restarts = Restarts()
    restarts.after(1, STARTED_SECONDS)
    waits = [restarts.after(1, 0.1) for _ in range(8)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_the_back_off_begins_again_after_a_successful_start() -> None:
    restarts = Restarts()
    assert [restarts.after(1, 0.1) for _ in range(3)] == [0.5, 1.0, 2.0]
    assert restarts.after(1, STARTED_SECONDS) == 0.5
    assert restarts.after(1, 0.1) == 1.0


def test_a_process_that_never_starts_is_given_up() -> None:
    restarts = Restarts()
    waits = [restarts.after(1, 0.1) for _ in range(MAX_FAILED_STARTS)]
    assert waits == [*[0.5, 1.0, 2.0, 4.0][: MAX_FAILED_STARTS - 1], None]


@pytest.mark.parametrize("seconds", [0.1, 3 * STARTED_SECONDS])
def test_a_process_with_an_unusable_environment_is_given_up_at_once_on_a_slow_machine_too(seconds: float) -> None:
    assert Restarts().after(CANNOT_START, seconds) is None


@pytest.mark.parametrize("code", [CANNOT_START, 1, -9, 0])
def test_a_process_that_has_started_is_never_given_up(code: int) -> None:
    restarts = Restarts()
    restarts.after(1, STARTED_SECONDS)
    assert None not in [restarts.after(code, 0.1) for _ in range(1_000)]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-9, "was ended by SIGKILL"),
        (143, "was ended by SIGTERM"),
        (255, "ended with exit code 255"),
    ],
)
def test_the_end_of_a_process_as_text(code: int, words: str) -> None:
    assert how_it_ended(code) == words


def processes(tmp_path: Path, **commands: str) -> Processes:
    return Processes(commands, {"PATH": os.environ["PATH"]}, tmp_path)


def test_real_processes_restart_until_one_is_given_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some = processes(tmp_path, fails="echo start >> starts; exit 7", runs="exec sleep 60")
    reason = some.watch(lambda: False, lambda: None)
    some.stop()
    assert reason == "The process 'fails' cannot be started: it ended with exit code 7"
    assert (tmp_path / "starts").read_text().count("start") == MAX_FAILED_STARTS
    assert "The process 'fails' ended with exit code 7; it restarts in 0.5 s." in capsys.readouterr().out
    assert working_in(tmp_path) == []


def test_a_stop_does_not_wait_for_a_process_in_its_back_off(tmp_path: Path) -> None:
    some = processes(
        tmp_path, fails="echo x >> starts; exit 7", deaf="trap '' TERM; echo x > deaf; while :; do sleep 1; done"
    )
    files = [tmp_path / "starts", tmp_path / "deaf"]
    attempts = iter(range(1_000))
    some.watch(lambda: all(file.exists() for file in files) and next(attempts) > 3, lambda: None)
    with running_time() as seconds:
        some.stop()
        assert seconds() < STOP_SECONDS + 1
    starts = files[0].read_text()
    assert psutil.wait_procs(working_in(tmp_path), timeout=5)[1] == []
    assert files[0].read_text() == starts


def working_in(directory: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(directory):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
