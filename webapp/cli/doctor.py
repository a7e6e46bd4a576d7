"""`flask doctor`: what is wrong, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor.examination import examine
from ..doctor.finding import FAULT, Finding
from ..doctor.system import System

ALL_WELL, SOME_FAULT = 0, 1  # exit codes


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Look at the whole chain, from the triggers to Redis, and say what is wrong and what to do.

    One line a check: ok, warn or FAULT, its name, what was seen; below what is not ok, what to do.

    Exit code: 0 no FAULT, 1 some.
    """
    config = current_app.extensions["doorbell_config"]
    migrations = Path(current_app.extensions["migrate"].directory)
    found: list[tuple[str, Finding]] = []
    system = System(config.database_url, config.redis_url, migrations, config.demo, config.insecure())
    for name, finding in examine(system):
        found.append((name, finding))
        if not as_json:
            _say(name, finding)
    well = all(finding.level != FAULT for _, finding in found)
    if as_json:
        checks = [
            {"check": name, "level": finding.level, "seen": finding.seen, "advice": finding.advice}
            for name, finding in found
        ]
        click.echo(json.dumps({"ok": well, "checks": checks}, ensure_ascii=False, indent=2))
    click.get_current_context().exit(ALL_WELL if well else SOME_FAULT)


def _say(name: str, finding: Finding) -> None:
    click.echo(f"{finding.level:<5}  {name:<12}  {finding.seen}")
    for advice in finding.advice.splitlines():
        click.echo(f"{'':<5}  {'':<12}  → {advice}")
