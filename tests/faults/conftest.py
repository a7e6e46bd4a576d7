"""One stage for all faults. It is rebuilt after a fault that Doorbell did not survive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from webapp.launcher.embedded import Embedded

from ..conftest import new_service
from .report import Report
from .stage import FaultStage
from .trial import Trial, trial

REPORT = pytest.StashKey[Report]()
Try = Callable[..., AbstractContextManager[Trial]]


@pytest.fixture(scope="package")
def report(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    report = pytestconfig.stash[REPORT] = Report()
    named = os.environ.get("DOORBELL_FAULTS_REPORT")
    report.path = Path(named) if named else tmp_path_factory.mktemp("faults") / "faults.json"
    yield report
    report.write()


@pytest.fixture(scope="package")
def new_stage(embedded: Embedded, template: str, chromium: Browser) -> Iterator[Callable[[], FaultStage]]:
    """Returns the stage, or a new one after a fault that broke it."""
    with ExitStack() as current:
        stages: list[FaultStage] = []

        def stage() -> FaultStage:
            if not stages or not stages[-1].sound:
                current.close()
                made = FaultStage(embedded, current.enter_context(new_service(embedded, template)), chromium)
                stages.append(made)
                current.callback(made.close)
                made.start()
            return stages[-1]

        yield stage


@pytest.fixture
def stage(new_stage: Callable[[], FaultStage]) -> FaultStage:
    return new_stage()


@pytest.fixture
def strike(stage: FaultStage, report: Report) -> Try:
    """`with strike("label", allowed_log_patterns) as fault:` cause the fault inside, then call `fault.heal()`."""
    return lambda fault, allowed=(): trial(stage, report, fault, allowed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash.get(REPORT, None)
    if report is None or not report.rows:
        return
    terminalreporter.section("faults")
    for line in report.lines():
        terminalreporter.line(line)
    terminalreporter.line(f"Written to {report.path}")
