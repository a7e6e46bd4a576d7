"""`flask doctor`: checks the whole chain and reports what is wrong and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import run
from ..doctor.finding import FAULT, Finding
from ..doctor.system import System
from ..services import services
from . import echo

# Exit codes.
OK_EXIT, FAULT_EXIT = 0, 1


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Check the whole chain from the triggers to Redis, and report what is wrong and what to do.

    Prints one line per check: ok, warn or FAULT, the name, and what was seen; below it, what to do.

    Exit code: 0 without a FAULT, else 1.
    """
    config = services().config
    migrations = Path(current_app.extensions["migrate"].directory)
    findings: list[tuple[str, Finding]] = []
    web = config.web_database_url
    system = System(
        config.database_url, config.redis_url, migrations, config.demo, config.insecure(), web_database_url=web
    )
    for name, finding in run.run(system):
        findings.append((name, finding))
        if not as_json:
            _print(name, finding)
    healthy = all(finding.level != FAULT for _, finding in findings)
    if as_json:
        checks = [
            {"check": name, "level": finding.level, "seen": finding.seen, "advice": finding.advice}
            for name, finding in findings
        ]
        echo(json.dumps({"ok": healthy, "checks": checks}, ensure_ascii=False, indent=2))
    click.get_current_context().exit(OK_EXIT if healthy else FAULT_EXIT)


def _print(name: str, finding: Finding) -> None:
    echo(f"{finding.level:<5}  {name:<12}  {finding.seen}")
    for advice in finding.advice.splitlines():
        echo(f"{'':<5}  {'':<12}  → {advice}")
