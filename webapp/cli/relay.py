"""`flask relay`: destinations of events, such as brokers and webhooks."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ..events.catalog import TYPES
from ..relay import destinations, report, verbs
from ..relay.opening import secret_box
from ..relay.signing import CURRENT
from ..relay.verbs import BEGINNING, NOW, NewDestination
from . import echo, table
from .relay_command import (
    actor,
    announce,
    changing,
    config,
    connection,
    found,
    name_argument,
    only_tenant,
    only_types,
    parsed_time,
    relay_cli,
    reports_errors,
)


@relay_cli.command("add")
@name_argument
@click.argument("url")
@only_tenant
@only_types
@click.option(
    "--from", "start", default=NOW, show_default=True, metavar="now|beginning|TIME",
    help="The first event: the next one, the oldest kept, or the first one written since a time.",
)  # fmt: skip
@click.option("--secret", help="A webhook's signing secret (whsec_…); a new one by default.")
@reports_errors
def add(name: str, url: str, slug: str | None, types: list[str] | None, start: str, secret: str | None) -> None:
    """Add the destination NAME at URL; events are sent to it from now on.

    \b
    redis://HOST:6379/0?stream=doorbell:{tenant}:orders     redis:///?stream=… for Doorbell's own Redis
    nats://HOST:4222?subject=doorbell.{tenant}.orders.{type}
    amqp://USER:$PASSWORD@HOST/VHOST?exchange=doorbell
    kafka://HOST:9092?topic=doorbell.orders
    https://HOST/PATH for a webhook

    With TLS: rediss, tls, amqps and kafkas. $PASSWORD is read from the environment of the relay worker; a password that is
    written out is stored encrypted.
    """
    first = start if start in (NOW, BEGINNING) else parsed_time(start, "--from")
    with connection() as conn:
        new = NewDestination(name, url, report.tenant_id(conn, slug), types, first, secret)
        box = secret_box(config())
        destination = verbs.add(conn, box, new, actor(), config().webhook_allow)
        announce(conn, destination)
    echo(f"Added {name}. Its events are sent while the relay worker runs. Check it with: flask relay test {name}")
    if (signing := box.unlock(destination.secrets).get(CURRENT)) is not None and secret is None:
        echo(f"Signing secret, shown once: {signing}")


@relay_cli.command("list")
@reports_errors
def show_all() -> None:
    """List the destinations."""
    with connection() as conn:
        rows = [report.summary(conn, destination) for destination in destinations.every(conn)]
    if not rows:
        echo("There are no destinations yet. Add one with: flask relay add NAME URL")
        return
    table(report.SUMMARY, rows)


@relay_cli.command("show")
@name_argument
@reports_errors
def show(name: str) -> None:
    """Show the destination NAME: address, filter, state, lag, dead letters, replays, and what was done to it."""
    with found(name) as (conn, destination):
        for line in report.details(conn, destination):
            echo(line)


@relay_cli.command("pause")
@name_argument
@click.option("--reason", default="", help="Shown on the page and in the audit log.")
@reports_errors
def pause(name: str, reason: str) -> None:
    """Stop sending to NAME. Its events wait."""
    with changing(name) as (conn, destination):
        verbs.pause(conn, destination, actor(), reason)
    echo(f"Paused {name}. Its events wait; continue with: flask relay resume {name}")


@relay_cli.command("resume")
@name_argument
@click.option("--from-now", is_flag=True, help="Leave out the events since it stopped.")
@reports_errors
def resume(name: str, from_now: bool) -> None:
    """Send to NAME again, from where it stopped."""
    with changing(name) as (conn, destination):
        verbs.resume(conn, destination, actor(), from_now=from_now)
    echo(f"{name} continues {'from now' if from_now else 'from where it stopped'}.")


@relay_cli.command("remove")
@name_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@reports_errors
def remove(name: str, yes: bool) -> None:
    """Forget NAME with its position, dead letters and deliveries."""
    with changing(name) as (conn, destination):
        if not yes:
            click.confirm(f"Remove {name}? Events that it has not got yet are not sent to it any more", abort=True)
        verbs.remove(conn, destination, actor())
    echo(f"Removed {name}.")


@relay_cli.command("test")
@name_argument
@click.option("--type", "event_type", type=click.Choice(TYPES), default="paid", show_default=True)
@reports_errors
def test(name: str, event_type: str) -> None:
    """Connect to NAME and check what sending needs. A webhook gets a sample event."""
    from ..relay import testing

    with found(name) as (conn, destination):
        slug = report.sample_slug(conn, destination)
    echo(f"{name} works: {testing.check(destination, config(), event_type, slug)}")


@relay_cli.command("rotate")
@name_argument
@reports_errors
def rotate(name: str) -> None:
    """Replace the signing secret of the webhook NAME. The former one signs too for 24 hours."""
    with changing(name) as (conn, destination):
        secret = verbs.rotate(conn, secret_box(config()), destination, actor(), datetime.now(UTC))
    echo(f"The former secret signs until tomorrow. New signing secret, shown once: {secret}")
