"""`flask roles`: the PostgreSQL role for other programs that write orders."""

from __future__ import annotations

import click
import psycopg
from flask.cli import with_appcontext

from ..orders import writer_role
from ..postgres import session
from ..services import services
from . import stop

_TENANTS = "SELECT id, slug, currency FROM tenants ORDER BY id LIMIT 20"


@click.command("roles")
@click.option("--create", is_flag=True, help="Run the statements instead of printing them.")
@with_appcontext
def roles_command(create: bool) -> None:
    """Print the SQL of the group role doorbell_writer, for a program that writes orders.

    The role may insert and update orders and their lines, but not choose an order's id, and may read only the keys. Grant
    it to the program's own role: GRANT doorbell_writer TO shop. You can run this command again at any time.
    """
    url = services().config.database_url
    with session.connect(url, "doorbell roles", autocommit=True, writes=create) as conn:
        if create:
            _create(conn)
        else:
            _print(conn)


def _create(conn: psycopg.Connection) -> None:
    try:
        writer_role.create(conn)
    except psycopg.errors.InsufficientPrivilege as error:
        stop(
            f"The role {conn.info.user!r} may not do this ({error.diag.message_primary}). It needs CREATEROLE and must own "
            "the tables; or let a superuser run what `flask roles` prints."
        )
    except writer_role.NotGranted as error:
        stop(
            f"The role {conn.info.user!r} may not grant rights that {writer_role.WRITER} needs; nothing was changed. Let the "
            f"owner of the database or a superuser run: {'; '.join(error.statements)}; then run flask roles --create again."
        )
    click.echo(
        f"{writer_role.WRITER} has its rights. Grant it to the program's own role: GRANT {writer_role.WRITER} TO shop;"
    )


def _print(conn: psycopg.Connection) -> None:
    click.echo("-- For programs that write orders. Run this as a role that may create roles and owns the tables.")
    for statement in writer_role.statements(conn):
        click.echo(f"{statement};")
    click.echo("\n-- Then, for each program, its own role:")
    click.echo("-- CREATE ROLE shop LOGIN PASSWORD '…';")
    click.echo(f"-- GRANT {writer_role.WRITER} TO shop;")
    click.echo("\n-- tenant_id and currency of an order, by tenant:")
    for tenant_id, slug, currency in conn.execute(_TENANTS):
        click.echo(f"--   {slug}: tenant_id {tenant_id}, currency '{currency}'")
