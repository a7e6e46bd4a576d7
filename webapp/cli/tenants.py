"""`flask tenant`: companies, each with its own board."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from ..accounts import admin, changes
from ..accounts.changes import TenantChange
from ..db import db
from ..models import Tenant, User
from ..rollups import rebuilds
from ..services import services
from ..signals import notices
from . import echo, stop, table

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
    echo(f"Created tenant {slug}. Next, invite its first admin: flask user invite EMAIL --tenant {slug} --role admin")


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
@click.option("--ranking/--no-ranking", "shows_ranking", default=None, help="Rank salespeople by revenue on the board.")
@click.option(
    "--team-visible/--no-team-visible", "team_visible", default=None, help="Salespeople see their colleagues' figures."
)
def set_values(slug: str, shows_ranking: bool | None, team_visible: bool | None, **values: str | None) -> None:
    """Change the name, time zone, locale, currency, ranking or team visibility of the tenant SLUG."""
    given = (*values.values(), shows_ranking, team_visible)
    if not any(value is not None for value in given):
        stop(
            "Nothing to change. Give --name, --timezone, --locale, --currency, --ranking, --no-ranking, --team-visible or"
            " --no-team-visible."
        )
    _change(slug, TenantChange(**values, shows_ranking=shows_ranking, team_visible=team_visible))


@tenants_cli.command("list")
def show() -> None:
    """List all tenants with their number of users."""
    users = select(func.count()).where(User.tenant_id == Tenant.id).scalar_subquery()
    ranking = case((Tenant.shows_ranking, "on"), else_="off")
    columns = (Tenant.slug, Tenant.name, Tenant.timezone, Tenant.currency, Tenant.locale, ranking, users)
    with Session(db.engine) as session:
        rows = session.execute(select(*columns).order_by(Tenant.slug)).all()
    if not rows:
        echo("There are no tenants yet. Create one with: flask tenant create")
        return
    table(("slug", "name", "timezone", "currency", "locale", "ranking", "users"), rows)


def _change(slug: str, change: TenantChange) -> None:
    try:
        changed = changes.change_tenant(slug, change)
    except admin.AccountError as error:
        stop(str(error))
    if not changed.changed:
        echo(f"Tenant {slug} already has these values. Nothing was changed.")
        return
    echo(f"Changed tenant {slug}: {', '.join(_text(name, change) for name in changed.changed)}.")
    if "timezone" in changed.changed:
        _rebuild(changed.id)
    _notify_open_pages(changed.id)


def _rebuild(tenant_id: int) -> None:
    """Run the rebuild that the change of the time zone has requested. A worker that is faster may have begun it."""
    if rebuilds.run(services().config.database_url, services().redis, tenant_id):
        echo("Counted the tenant's past days again.")
    else:
        echo("A worker counts the tenant's past days again. Managers see its progress under Settings, Workspace.")


def _text(name: str, change: TenantChange) -> str:
    value = getattr(change, name)
    switch = {"shows_ranking": "ranking", "team_visible": "team visibility"}.get(name)
    return f"{switch} {'on' if value else 'off'}" if switch else f"{name} {value!r}"


def _notify_open_pages(tenant_id: int) -> None:
    if not notices.tenant_changed(services().redis, tenant_id):
        echo("Redis does not answer; open pages update when they are reloaded.")
