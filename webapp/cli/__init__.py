"""`flask` commands: tenants, users, orders, rollups, relay, sso and others. An error is one sentence, exit code 2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import click
from flask import Flask

# Line breaks and tabs excepted, which texts of commands have.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def register(app: Flask) -> None:
    from . import (
        attach,
        audit,
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
    app.cli.add_command(audit.audit_cli)
    app.cli.add_command(doctor.doctor)
    app.cli.add_command(roles.roles_command)
    app.cli.add_command(push_keys.push_keys)
    app.cli.add_command(secret_keys.renew_secrets)
    orders.orders_cli.add_command(reconcile.reconcile)
    orders.orders_cli.add_command(attach.attach)
    orders.orders_cli.add_command(attach.detach_command)


def echo(text: str, err: bool = False) -> None:
    """Print a text, which may contain names and answers of servers: a terminal obeys the characters that `plain` replaces."""
    click.echo(plain(text), err=err)


def plain(text: str, also: str = "") -> str:
    """The text with each control character, mark of direction and character of `also` as \\u and four digits, as in JSON."""
    found = _CONTROLS.sub(lambda match: _escape(match[0]), text)
    return found.translate({ord(character): _escape(character) for character in also})


def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}"


def stop(text: str) -> NoReturn:
    """End the command with an error; `text` has what was seen, what is allowed and what to do."""
    echo(f"Error: {text}", err=True)
    raise SystemExit(2)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print columns that are as wide as their longest text, with two spaces in between."""
    lines = [tuple(plain(str(cell), "\n\t") for cell in row) for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
