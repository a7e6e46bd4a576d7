"""`flask roles`: the PostgreSQL roles of Doorbell's processes, and of other programs that write orders."""

from __future__ import annotations

import click
import psycopg
from flask.cli import with_appcontext

from ..orders import writer_role
from ..postgres import process_roles, session
from ..postgres.process_roles import ProcessRoles
from ..services import services
from . import echo, stop

_TENANTS = "SELECT id, slug, currency FROM tenants ORDER BY id LIMIT 20"


@click.command("roles")
@click.option("--create", is_flag=True, help="Run the statements instead of printing them.")
@click.option("--processes", is_flag=True, help="The roles of the web processes, the listener and the worker.")
@click.option("--web", default=ProcessRoles.web, show_default=True, help="With --processes: the name of this role.")
@click.option("--listener", default=ProcessRoles.listener, show_default=True, help="Likewise.")
@click.option("--worker", default=ProcessRoles.worker, show_default=True, help="Likewise.")
@with_appcontext
def roles_command(create: bool, processes: bool, web: str, listener: str, worker: str) -> None:
    """Print the SQL of the group role doorbell_writer, for a program that writes orders.

    The role may insert and update orders and their lines, but not choose an order's id, and may read only the keys. Grant
    it to the program's own role: GRANT doorbell_writer TO shop.

    With --processes, print the SQL of the roles of Doorbell's own processes instead. Each has the rights that it needs and no
    others, and the web role sees the rows of one tenant per transaction. Run it again after each upgrade.
    """
    url = services().config.database_url
    roles = ProcessRoles(web, listener, worker)
    if found := process_roles.faults((web, listener, worker)):
        stop(" ".join(found))
    with session.connect(url, "doorbell roles", autocommit=True, writes=create) as conn:
        if processes:
            (_create_processes if create else _print_processes)(conn, roles)
        elif create:
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
    echo(
        f"{writer_role.WRITER} has its rights. Grant it to the program's own role: GRANT {writer_role.WRITER} TO shop;"
    )


def _create_processes(conn: psycopg.Connection, roles: ProcessRoles) -> None:
    try:
        process_roles.create(conn, roles)
    except psycopg.errors.InsufficientPrivilege as error:
        stop(
            f"The role {conn.info.user!r} may not do this ({error.diag.message_primary}); nothing was changed. It needs "
            "CREATEROLE and must own the tables; or let a superuser run what `flask roles --processes` prints."
        )
    except psycopg.errors.LockNotAvailable:
        stop("A table was in use for 0.8 s, so nothing was changed. Run the command again.")
    echo(f"{roles.web}, {roles.listener} and {roles.worker} have their rights. {_PASSWORDS}")


_PASSWORDS = "Give each a password, for example with \\password in psql, and its own URL."


def _print_processes(conn: psycopg.Connection, roles: ProcessRoles) -> None:
    echo("-- For Doorbell's own processes. Run this as a role that may create roles and owns the tables.")
    for statement in ("BEGIN", *process_roles.statements(conn, roles), "COMMIT"):
        echo(f"{statement};")
    echo(f"\n-- {_PASSWORDS}")
    echo(f"-- DATABASE_URL={roles.web}, LISTENER_DATABASE_URL={roles.listener}, WORKER_DATABASE_URL={roles.worker},")
    echo("-- MIGRATIONS_DATABASE_URL=the owner of the tables, for flask commands")


def _print(conn: psycopg.Connection) -> None:
    echo("-- For programs that write orders. Run this as a role that may create roles and owns the tables.")
    for statement in writer_role.statements(conn):
        echo(f"{statement};")
    echo("\n-- Then, for each program, its own role:")
    echo("-- CREATE ROLE shop LOGIN PASSWORD '…';")
    echo(f"-- GRANT {writer_role.WRITER} TO shop;")
    echo("\n-- tenant_id and currency of an order, by tenant:")
    for tenant_id, slug, currency in conn.execute(_TENANTS):
        echo(f"--   {slug}: tenant_id {tenant_id}, currency '{currency}'")
