"""`flask tenant`: companies, each with its own board."""

from __future__ import annotations

import click
import redis
from flask.cli import AppGroup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..accounts import admin, changes
from ..accounts.changes import TenantChange
from ..db import db
from ..events.topics import RESYNC
from ..models import Tenant, User
from ..rollups import refresh
from ..services import services
from ..signals import notices, publisher
from . import stop, table

tenants_cli = AppGroup("tenant", help="Companies, each with its own board.")


@tenants_cli.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="The displayed name: “Northwind Traders”.")
@click.option("--timezone", required=True, help="IANA name: Europe/Berlin. It defines “today”.")
@click.option("--currency", required=True, help="ISO 4217: EUR.")
@click.option("--locale", required=True, help="The format of numbers and dates: en_GB, de_DE.")
def create(slug: str, name: str, timezone: str, currency: str, locale: str) -> None:
    """Create the tenant SLUG (a short name of a-z, 0-9 and -)."""
    try:
        admin.create_tenant(admin.NewTenant(slug, name.strip(), timezone, currency, locale))
    except admin.AccountError as error:
        stop(str(error))
    click.echo(f"Created tenant {slug}. Next, create a user: flask user create EMAIL --tenant {slug} --name NAME")


@tenants_cli.command("rename")
@click.argument("slug")
@click.argument("name")
def rename(slug: str, name: str) -> None:
    """Change the name of the tenant SLUG to NAME. The slug stays the same."""
    _change(slug, TenantChange(name=name.strip()))


@tenants_cli.command("set")
@click.argument("slug")
@click.option("--name", help="The displayed name: “Northwind Traders”.")
@click.option("--timezone", help="IANA name: Europe/Berlin. Past days are counted again.")
@click.option("--locale", help="The format of numbers and dates: en_GB, de_DE.")
@click.option("--currency", help="ISO 4217: EUR. Only while the tenant has no orders.")
def set_values(slug: str, **values: str | None) -> None:
    """Change the name, time zone, locale or currency of the tenant SLUG."""
    if not any(value is not None for value in values.values()):
        stop("Nothing to change. Give --name, --timezone, --locale or --currency.")
    _change(slug, TenantChange(**values))


@tenants_cli.command("list")
def show() -> None:
    """List all tenants with their number of users."""
    users = select(func.count()).where(User.tenant_id == Tenant.id).scalar_subquery()
    columns = (Tenant.slug, Tenant.name, Tenant.timezone, Tenant.currency, Tenant.locale, users)
    with Session(db.engine) as session:
        rows = session.execute(select(*columns).order_by(Tenant.slug)).all()
    if not rows:
        click.echo("There are no tenants yet. Create one with: flask tenant create")
        return
    table(("slug", "name", "timezone", "currency", "locale", "users"), rows)


def _change(slug: str, change: TenantChange) -> None:
    try:
        changed = changes.change_tenant(slug, change)
    except admin.AccountError as error:
        stop(str(error))
    if not changed.changed:
        click.echo(f"Tenant {slug} already has these values. Nothing was changed.")
        return
    click.echo(f"Changed tenant {slug}: {', '.join(f'{name} {getattr(change, name)!r}' for name in changed.changed)}.")
    if "timezone" in changed.changed:
        refresh.rebuild(services().config.database_url)
        click.echo("Counted the tenant's past days again.")
    _notify_open_pages(changed.id)


def _notify_open_pages(tenant_id: int) -> None:
    notices.tenant_changed(services().redis, tenant_id)
    try:
        publisher.publish(services().redis, tenant_id, {RESYNC: None})
    except redis.RedisError:
        click.echo("Redis does not answer; open pages update when they are reloaded.")
