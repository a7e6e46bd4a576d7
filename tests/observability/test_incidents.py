"""Incidents: a line at the begin, one per minute while it lasts, and one at the end."""

from __future__ import annotations

import logging
import threading

import pytest

from webapp.observability import logs
from webapp.observability.incidents import REMINDER_SECONDS, Incident, in_a_line

from ..support.clock import Clock
from ..support.logfmt import structured

log = logs.get("test")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_the_first_fault_and_the_end_are_logged(clock: Clock, records: pytest.LogCaptureFixture) -> None:
    incident = Incident("redis", clock=clock)
    assert incident.fault(log, "publish", ConnectionError("refused\nat host"))
    for _ in range(9):
        clock.now += 1
        assert not incident.fault(log, "publish", ConnectionError("refused"))
    clock.now += 0.5
    assert incident.over(log)
    away, back = structured(records)
    assert away == {
        "event": "redis is away; trying again",
        "level": "warning",
        "log": "test",
        "cause": "publish",
        "error": "ConnectionError: refused",
    }
    assert (back["event"], back["seconds"], back["tries"]) == ("redis is back", 9.5, 10)


def test_a_lasting_incident_is_logged_once_per_minute(clock: Clock, records: pytest.LogCaptureFixture) -> None:
    incident = Incident("postgresql", clock=clock)
    for _ in range(int(REMINDER_SECONDS) * 2 + 1):
        incident.fault(log, "connect", "no answer")
        clock.now += 1
    assert [line["event"] for line in structured(records)] == [
        "postgresql is away; trying again",
        "postgresql is still away; trying again",
        "postgresql is still away; trying again",
    ]
    assert (structured(records)[1]["seconds"], structured(records)[1]["tries"]) == (60.0, 61)


def test_nothing_is_logged_without_an_incident(records: pytest.LogCaptureFixture) -> None:
    assert not Incident("redis").over(log)
    assert records.records == []


def test_the_next_incident_counts_from_zero(clock: Clock, records: pytest.LogCaptureFixture) -> None:
    incident = Incident("redis", clock=clock)
    for _ in range(2):
        assert incident.fault(log, "publish")
        clock.now += 5
        assert incident.over(log)
    assert [line.get("tries") for line in structured(records)] == [None, 1, None, 1]


def test_a_success_among_faults_does_not_end_an_incident_that_must_settle(
    clock: Clock, records: pytest.LogCaptureFixture
) -> None:
    incident = Incident("postgresql", settled=5, clock=clock)
    for _ in range(4):
        incident.fault(log, "request")
        clock.now += 2
        assert not incident.over(log)
    clock.now += 5
    assert incident.over(log)
    assert len(records.records) == 2


def test_many_threads_begin_and_end_one_incident(records: pytest.LogCaptureFixture) -> None:
    incident = Incident("redis")
    begun, ended = [], []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        begun.append(incident.fault(log, "publish"))
        barrier.wait()
        ended.append(incident.over(log))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (begun.count(True), ended.count(True)) == (1, 1)
    assert [line.get("tries") for line in structured(records)] == [None, 8]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError("refused\n\tIs it running?"), "OSError: refused"),
        (OSError(), "OSError"),
        ("no answer\nat all", "no answer"),
        ("x" * 999, "x" * 300),
    ],
)
def test_an_error_is_one_short_line(error: object, line: str) -> None:
    assert in_a_line(error) == line
