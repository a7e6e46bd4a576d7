"""`flask relay`: replays, dead letters and deliveries of a destination."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import AppGroup, with_appcontext

from ..relay import report, verbs
from ..relay.address import WEBHOOK
from . import echo, stop, table
from .relay_command import (
    actor,
    changing,
    counted,
    found,
    name_argument,
    only_tenant,
    only_types,
    reports_errors,
    time_option,
)


@click.command("replay")
@name_argument
@click.option(
    "--since", required=True, callback=time_option, metavar="TIME", help="The first event: written at TIME or later."
)
@click.option(
    "--until", callback=time_option, metavar="TIME", help="The end: events written before TIME. Default: now."
)
@only_types
@only_tenant
@click.option("--rate", default=verbs.DEFAULT_REPLAY_RATE, show_default=True, help="Events per second.")
@with_appcontext
@reports_errors
def replay(
    name: str,
    since: datetime,
    until: datetime | None,
    types: list[str] | None,
    slug: str | None,
    rate: int,
) -> None:
    """Send events to NAME again, with the same ids and marked as a replay."""
    with changing(name) as (conn, destination):
        tenant = report.tenant_id(conn, slug)
        until = until or datetime.now(UTC)
        number = verbs.replay(conn, destination, actor(), since, until, types, tenant, rate)
    echo(f"Replay {number} has begun. Its progress: flask relay show {name}")


@click.command("cancel-replay")
@name_argument
@with_appcontext
@reports_errors
def cancel_replay(name: str) -> None:
    """Stop the replays of NAME. Events that were not sent yet are left out."""
    with changing(name) as (conn, destination):
        verbs.cancel_replay(conn, destination, actor())
    echo(f"Stopped the replays of {name}.")


@click.command("dead")
@name_argument
@with_appcontext
@reports_errors
def dead(name: str) -> None:
    """List the dead letters of NAME, and how many events wait behind each."""
    with found(name) as (conn, destination):
        rows = report.list_dead_letters(conn, destination)
    if not rows:
        echo(f"{name} has no dead letters.")
        return
    table(report.DEAD, rows)


@click.command("retry")
@name_argument
@click.argument("events", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All dead letters.")
@with_appcontext
@reports_errors
def retry(name: str, events: tuple[int, ...], every: bool) -> None:
    """Send the dead letters of the EVENTS again, then those that wait behind them, in order."""
    if bool(events) == every:
        stop("Give the numbers of events (flask relay dead shows them), or --all.")
    with changing(name) as (conn, destination):
        count = verbs.retry(conn, destination, actor(), None if every else events)
    echo(f"{counted(count, 'dead letter')} of {name} will be sent again.")


@click.command("skip")
@name_argument
@click.argument("events", nargs=-1, type=int, required=True)
@with_appcontext
@reports_errors
def skip(name: str, events: tuple[int, ...]) -> None:
    """Drop the dead letters of the EVENTS; those that wait behind them are sent."""
    with changing(name) as (conn, destination):
        count = verbs.skip(conn, destination, actor(), events)
    echo(f"Dropped {counted(count, 'dead letter')} of {name}.")


@click.command("resend")
@name_argument
@click.option(
    "--since", required=True, callback=time_option, metavar="TIME", help="Deliveries that failed at TIME or later."
)
@with_appcontext
@reports_errors
def resend(name: str, since: datetime) -> None:
    """Make the failed deliveries of the webhook NAME again."""
    with changing(name) as (conn, destination):
        if destination.kind != WEBHOOK:
            stop(f"{name} is not a webhook and has no deliveries. For its dead letters: flask relay retry {name} --all")
        count = verbs.resend_failed(conn, destination, actor(), since)
    echo(f"Failed deliveries of {name} that will be made again: {count}.")


def add_to(group: AppGroup) -> None:
    for command in (replay, cancel_replay, dead, retry, skip, resend):
        group.add_command(command)
