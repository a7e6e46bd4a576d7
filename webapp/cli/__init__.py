"""`flask` commands: tenants, users, orders, rollups, relay, sso, privacy and others. An error is one sentence, exit code 2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import click
from flask import Flask


def register(app: Flask) -> None:
    from . import (
        attach,
        doctor,
        invitations,
        orders,
        privacy,
        push_keys,
        reconcile,
        relay,
        relay_events,
        roles,
        rollups,
        secret_keys,
        server_errors,
        sso,
        tenants,
        users,
    )

    server_errors.register(app)
    for commands in (tenants.tenants_cli, users.users_cli, orders.orders_cli, rollups.rollups_cli, relay.relay_cli):
        app.cli.add_command(commands)
    users.users_cli.add_command(invitations.invite)
    app.cli.add_command(sso.sso_cli)
    relay_events.add_to(relay.relay_cli)
    app.cli.add_command(privacy.privacy_cli)
    app.cli.add_command(doctor.doctor)
    app.cli.add_command(roles.roles_command)
    app.cli.add_command(push_keys.push_keys)
    app.cli.add_command(secret_keys.renew_secrets)
    orders.orders_cli.add_command(reconcile.reconcile)
    orders.orders_cli.add_command(attach.attach)
    orders.orders_cli.add_command(attach.detach_command)


def stop(text: str) -> NoReturn:
    """End the command with an error; `text` has what was seen, what is allowed and what to do."""
    click.echo(f"Error: {text}", err=True)
    raise SystemExit(2)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print columns that are as wide as their longest text, with two spaces in between."""
    lines = [tuple(map(str, row)) for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
