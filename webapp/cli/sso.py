"""`flask sso`: connections of tenants to their identity providers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts import admin
from ..db import db
from ..models import BUTTON_MAX_CHARS, ROLES, SsoConnection, Tenant
from ..services import services
from ..sso import connections, domains, testing
from ..sso.claims import Rule
from ..sso.connections import ConnectionSettings
from ..sso.errors import ConnectionInvalid
from ..sso.issuers import issuer_problem
from ..sso.unlinking import unlink
from . import echo, stop, table

NO_ACCESS = "none"
# As the route has it; a command does not know the address of the site.
ANSWER_PATH = "/sign-in/single-sign-on/answer"

sso_cli = AppGroup("sso", help="Single sign-on of tenants, by OpenID Connect.")


@contextmanager
def _tenant(slug: str) -> Iterator[tuple[Session, Tenant]]:
    """The tenant, in a transaction that is committed at the end. Errors end the command with a sentence."""
    try:
        with Session(db.engine) as session:
            yield session, admin.require_tenant(session, slug)
            session.commit()
    except (admin.AccountError, ConnectionInvalid) as error:
        stop(str(error))


def _rule(text: str) -> Rule:
    """`groups=doorbell-admins:admin`"""
    claim, _equals, rest = text.partition("=")
    value, _colon, role = rest.rpartition(":")
    if not claim or not value or role not in ROLES:
        stop(
            f"The rule {text!r} is not valid. Write it like groups=doorbell-admins:admin; roles are {', '.join(ROLES)}."
        )
    return Rule(claim, value, role)


@sso_cli.command("set")
@click.argument("slug")
@click.option("--issuer", help="As the provider writes it, such as https://login.example.com.")
@click.option("--client-id")
@click.option("--secret-stdin", is_flag=True, help="Read the client secret from the first line of standard input.")
@click.option("--domain", "added", multiple=True, help="An e-mail domain of the tenant. Be sure that it is theirs.")
@click.option("--remove-domain", "removed", multiple=True)
@click.option("--rule", "rules", multiple=True, help="CLAIM=VALUE:ROLE; replaces all rules. Give it again for more.")
@click.option("--no-rules", is_flag=True, help="Remove all rules.")
@click.option("--default-role", type=click.Choice([*ROLES, NO_ACCESS]), help="Of people whom no rule matches.")
@click.option("--passwords/--no-passwords", default=None, help="Whether users other than admins may use a password.")
@click.option("--button", help="The text of the button on the sign-in page.")
def set_connection(
    slug: str, secret_stdin: bool, added: tuple[str, ...], removed: tuple[str, ...], no_rules: bool, **options: Any
) -> None:
    """Change single sign-on of the tenant SLUG. Other values stay as they are."""
    with _tenant(slug) as (session, tenant):
        gone, new = [domains.checked(name) for name in removed], [domains.checked(name) for name in added]
        for domain in gone:
            if not connections.remove_domain(session, tenant.id, domain):
                stop(f"The tenant {slug!r} does not have the domain {domain!r}.")
        new = [domain for domain in new if domains.add(session, tenant, domain)]
        secret = sys.stdin.readline().rstrip("\r\n") if secret_stdin else ""
        wanted = _wanted(connections.read(session, tenant.id), no_rules, secret, options)
        changed = connections.save(session, tenant.id, wanted, secret, services().config) if wanted else ()
    done = [*changed, *(f"added {name}" for name in new), *(f"removed {name}" for name in gone)]
    echo(f"Changed single sign-on of {slug}: {', '.join(done)}." if done else "Nothing was changed.")


def _wanted(
    found: connections.TenantConnection | None, no_rules: bool, secret: str, options: dict[str, Any]
) -> ConnectionSettings | None:
    """The settings to save; None when no option names one."""
    rules = tuple(map(_rule, options["rules"]))
    given: dict[str, Any] = {name: options[name] for name in ("issuer", "client_id") if options[name]}
    given |= {"rules": rules} if rules or no_rules else {}
    if role := options["default_role"]:
        given["default_role"] = None if role == NO_ACCESS else role
    if options["passwords"] is not None:
        given["passwords_off"] = not options["passwords"]
    if (text := options["button"]) is not None:
        if len(text) > BUTTON_MAX_CHARS:
            stop(f"The text of the button has {len(text)} characters; at most {BUTTON_MAX_CHARS} are allowed.")
        given["button_text"] = text.strip()
    if not given and not secret:
        return None
    if found is None and not (given.get("issuer") and given.get("client_id") and secret):
        stop("There is no connection yet. Give --issuer, --client-id and --secret-stdin.")
    if "issuer" in given and (problem := issuer_problem(given["issuer"], services().config.webhook_allow)):
        stop(problem)
    return replace(found.settings if found else ConnectionSettings("", "", default_role="sales"), **given)


@sso_cli.command("show")
@click.argument("slug", required=False)
def show(slug: str | None) -> None:
    """Show single sign-on of the tenant SLUG, or of all tenants."""
    with Session(db.engine) as session:
        statement = select(Tenant).join(SsoConnection, SsoConnection.tenant_id == Tenant.id).order_by(Tenant.slug)
        tenants = session.scalars(statement.where(Tenant.slug == slug) if slug else statement).all()
        found = [(tenant.slug, connections.read(session, tenant.id)) for tenant in tenants]
    if not found:
        echo("There is no single sign-on yet. Set it up with: flask sso set SLUG")
        return
    rows = [
        (name, one.issuer, one.settings.client_id, ", ".join(one.domains) or "none", one.settings.default_role or "no access",
         "off" if one.settings.passwords_off else "on", _rules(one.settings.rules))
        for name, one in found if one
    ]  # fmt: skip
    table(("tenant", "issuer", "client id", "domains", "default role", "passwords", "rules"), rows)
    echo(f"The redirect URI at the provider is the address of Doorbell with the path {ANSWER_PATH}")


def _rules(rules: tuple[Rule, ...]) -> str:
    return " ".join(f"{rule.claim}={rule.value}:{rule.role}" for rule in rules) or "none"


@sso_cli.command("test")
@click.argument("slug")
@click.option("--url", default="https://localhost", help="The address of Doorbell, for the redirect URI.")
def test(slug: str, url: str) -> None:
    """Test the connection of the tenant SLUG: description, keys, client secret. Exit code 1 with a fault."""
    with _tenant(slug) as (session, tenant):
        connection = connections.read(session, tenant.id)
    if connection is None:
        stop(f"The tenant {slug!r} has no single sign-on. Set it up with: flask sso set {slug}")
    found = testing.check(connection, services().config, url.rstrip("/") + ANSWER_PATH)
    words = {testing.GOOD: "ok", testing.NOTE: "note", testing.FAULT: "FAULT"}
    table(("result", "finding"), [(words[finding.kind], finding.text) for finding in found])
    if any(finding.kind == testing.FAULT for finding in found):
        raise SystemExit(1)


@sso_cli.command("remove")
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(slug: str, yes: bool) -> None:
    """Turn off single sign-on of the tenant SLUG. Users, their roles and the domains stay."""
    with _tenant(slug) as (session, tenant):
        if not yes:
            click.confirm(
                f"Turn off single sign-on of {slug}? Users without a password cannot sign in then", abort=True
            )
        removed = connections.remove(session, tenant.id)
    echo(f"Turned off single sign-on of {slug}." if removed else f"{slug} has no single sign-on.")


@sso_cli.command("unlink")
@click.argument("email")
def unlink_user(email: str) -> None:
    """Forget which person of the provider the user EMAIL is: the next sign-in with this address links again."""
    try:
        with Session(db.engine) as session:
            removed = unlink(session, admin.require_user(session, email))
            session.commit()
    except admin.AccountError as error:
        stop(str(error))
    echo(f"Unlinked {email}." if removed else f"{email} is not linked to a person of a provider.")
