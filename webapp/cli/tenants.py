"""flask tenant …: the companies that have a board here."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import accounts
from ..db import db
from ..models import Tenant, User
from . import stop, table

tenants_cli = AppGroup("tenant", help="Companies, each with its own board.")


@tenants_cli.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="As people see it: “Northwind Traders”.")
@click.option("--timezone", required=True, help="IANA name; decides what “today” is: Europe/Berlin.")
@click.option("--currency", required=True, help="ISO 4217: EUR.")
@click.option("--locale", required=True, help="How numbers and dates are written: en_GB, de_DE.")
def create(slug: str, name: str, timezone: str, currency: str, locale: str) -> None:
    """Make the tenant SLUG (a short name of a-z, 0-9 and -)."""
    try:
        accounts.create_tenant(accounts.NewTenant(slug, name.strip(), timezone, currency, locale))
    except accounts.AccountError as error:
        stop(str(error))
    click.echo(
        f"Tenant {slug} is made. Make somebody who signs in: flask user create EMAIL --tenant {slug} --name NAME"
    )


@tenants_cli.command("list")
def show() -> None:
    """All tenants with the number of their users."""
    users = select(func.count()).where(User.tenant_id == Tenant.id).scalar_subquery()
    columns = (Tenant.slug, Tenant.name, Tenant.timezone, Tenant.currency, Tenant.locale, users)
    with Session(db.engine) as session:
        rows = session.execute(select(*columns).order_by(Tenant.slug)).all()
    if not rows:
        click.echo("There are no tenants yet. Make one with: flask tenant create")
        return
    table(("slug", "name", "timezone", "currency", "locale", "users"), rows)
