"""flask user …: the people who sign in."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import accounts, passwords
from ..db import db
from ..models import ROLES, Tenant, User
from . import stop, table

users_cli = AppGroup("user", help="People who sign in.")
from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)


@users_cli.command("create")
@click.argument("email")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(ROLES), default="sales", show_default=True)
@from_stdin
def create(email: str, slug: str, name: str, role: str, password_stdin: bool) -> None:
    """Make a user who signs in with EMAIL and a password, which is asked for."""
    try:
        accounts.check_user(email, slug, name, role)  # before somebody thinks up a password
        accounts.create_user(email, slug, name, role, _password(password_stdin))
    except (accounts.AccountError, passwords.PasswordInvalid) as error:
        stop(str(error))
    click.echo(f"User {email} is made, with the role {role} in {slug}.")


@users_cli.command("password")
@click.argument("email")
@from_stdin
def password(email: str, password_stdin: bool) -> None:
    """Give the user EMAIL a new password, which is asked for."""
    try:
        with Session(db.engine) as session:
            accounts.require_user(session, email)
        accounts.set_password(email, _password(password_stdin))
    except (accounts.AccountError, passwords.PasswordInvalid) as error:
        stop(str(error))
    click.echo(f"{email} has a new password.")


@users_cli.command("list")
@click.option("--tenant", "slug", help="Of this tenant alone.")
def show(slug: str | None) -> None:
    """All users by tenant and e-mail."""
    columns = (Tenant.slug, User.email, User.name, User.role, User.password_hash.is_not(None))
    statement = select(*columns).join(Tenant, Tenant.id == User.tenant_id).order_by(Tenant.slug, User.email)
    with Session(db.engine) as session:
        rows = session.execute(statement.where(Tenant.slug == slug) if slug else statement).all()
    if not rows:
        click.echo("There are no users yet. Make one with: flask user create")
        return
    table(("tenant", "email", "name", "role", "password"), [(*row[:4], "set" if row[4] else "none") for row in rows])


def _password(from_standard_input: bool) -> str:
    if from_standard_input:
        return sys.stdin.readline().rstrip("\r\n")
    chosen: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    return chosen
