"""`flask user`: people who sign in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from babel import Locale
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts import admin, changes, passwords
from ..accounts.user_cache import KEPT_SECONDS
from ..db import db
from ..language import locales
from ..models import ROLES, Tenant, User
from ..second_factor import changes as factors
from ..second_factor.account import Account
from ..services import services
from ..signals import notices
from . import echo, stop, table

# In place of a language.
BROWSER = "browser"

users_cli = AppGroup("user", help="People who sign in.")
from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)
email_argument: Callable[..., Any] = click.argument("email")


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (admin.AccountError, passwords.PasswordInvalid) as error:
        stop(str(error))


@users_cli.command("create")
@email_argument
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(ROLES), default="sales", show_default=True)
@from_stdin
def create(email: str, slug: str, name: str, role: str, password_stdin: bool) -> None:
    """Create a user who signs in with EMAIL; prompts for the password."""
    with _errors():
        # Before the prompt for a password.
        admin.check_user(email, slug, name, role)
        admin.create_user(email, slug, name, role, _password(password_stdin))
    echo(f"Created user {email} with the role {role} in {slug}.")


@users_cli.command("password")
@email_argument
@from_stdin
def password(email: str, password_stdin: bool) -> None:
    """Change the password of the user EMAIL, with a prompt, and sign the user out everywhere."""
    with _errors():
        with Session(db.engine) as session:
            admin.require_user(session, email)
        changes.set_password(email, _password(password_stdin))
    echo(f"Changed the password of {email}. {_signed_out()}")


@users_cli.command("disable")
@email_argument
def disable(email: str) -> None:
    """Sign the user EMAIL out everywhere and refuse further sign-ins. The user keeps the orders."""
    with _errors():
        changed = changes.disable(email)
    if changed:
        echo(f"Disabled {email}. They keep their orders. {_signed_out()}")
    else:
        echo(f"{email} is already disabled. Nothing was changed.")


@users_cli.command("enable")
@email_argument
def enable(email: str) -> None:
    """Let the user EMAIL sign in again."""
    with _errors():
        changed, has_password = changes.enable(email)
    head = f"Enabled {email}." if changed else f"{email} is not disabled. Nothing was changed."
    tail = "" if has_password else f" They have no password. Set one: flask user password {email}"
    echo(head + tail)


@users_cli.command("sign-out")
@email_argument
def sign_out(email: str) -> None:
    """Sign the user EMAIL out in every browser. They can sign in again."""
    with _errors():
        changes.sign_out(email)
    echo(f"{email}: {_signed_out()}")


@users_cli.command("reset-second-factor")
@email_argument
def reset_second_factor(email: str) -> None:
    """Remove the authenticator app, the passkeys and the recovery codes of the user EMAIL, who has lost them."""
    with _errors(), Session(db.engine) as session:
        account = Account.of(admin.require_user(session, email))
    if factors.reset(account):
        echo(f"{email} signs in with the password alone and can set up a second step again. {_signed_out()}")
    else:
        echo(f"{email} has no two-step sign-in. Nothing was changed.")


@users_cli.command("role")
@email_argument
@click.argument("role", type=click.Choice(ROLES))
def role(email: str, role: str) -> None:
    """Change the role of the user EMAIL to ROLE, and sign the user out everywhere, so that it applies at once."""
    with _errors():
        changed = changes.set_role(email, role)
    if changed:
        echo(f"{email} now has the role {role}. {_signed_out()}")
    else:
        echo(f"{email} already has the role {role}. Nothing was changed.")


@users_cli.command("language")
@email_argument
@click.argument("language", type=click.Choice([*locales.LANGUAGES, BROWSER]))
def language(email: str, language: str) -> None:
    """Change the language of the pages of the user EMAIL; `browser` is the language that each browser asks for."""
    with _errors():
        changes.set_language(email, None if language == BROWSER else language)
    shown = "the language of the browser" if language == BROWSER else Locale(language).english_name
    echo(f"{email} now reads {shown}, in pages that are opened from now on, within {KEPT_SECONDS:g} seconds.")


@users_cli.command("rename")
@email_argument
@click.option("--name", help="The new name, as displayed to the team.")
@click.option("--email", "new_email", help="The new e-mail address for sign-in.")
def rename(email: str, name: str | None, new_email: str | None) -> None:
    """Change the name or the e-mail address of the user EMAIL, who stays signed in."""
    if name is None and new_email is None:
        stop("Nothing to change. Give --name NAME, --email ADDRESS or both.")
    with _errors():
        tenant_id = changes.rename_user(email, name, new_email)
    is_sent = notices.tenant_changed(services().redis, tenant_id)
    changes_made = [
        f"the name {name.strip()!r}" if name is not None else "",
        f"the e-mail {new_email}" if new_email else "",
    ]
    when = "Open pages show it." if is_sent else "Redis does not answer; open pages update when they are reloaded."
    echo(f"Renamed {email}: {' and '.join(filter(None, changes_made))}. {when}")


@users_cli.command("list")
@click.option("--tenant", "slug", help="Only the users of this tenant.")
def show(slug: str | None) -> None:
    """List all users by tenant and e-mail."""
    columns = (Tenant.slug, User.email, User.name, User.role, User.language, User.password_hash, User.disabled_at)
    statement = select(*columns).join(Tenant, Tenant.id == User.tenant_id).order_by(Tenant.slug, User.email)
    with Session(db.engine) as session:
        rows = session.execute(statement.where(Tenant.slug == slug) if slug else statement).all()
    if not rows:
        echo("There are no users yet. Create one with: flask user create")
        return
    shown = [
        (
            *row[:4],
            row.language or BROWSER,
            "set" if row.password_hash else "none",
            f"disabled {row.disabled_at:%Y-%m-%d}" if row.disabled_at else "active",
        )
        for row in rows
    ]
    table(("tenant", "email", "name", "role", "language", "password", "status"), shown)


def _signed_out() -> str:
    if notices.sessions_ended(services().redis):
        return "They are signed out everywhere."
    return "They are signed out. Redis does not answer, so their open pages end some seconds later."


def _password(from_stdin: bool) -> str:
    """The password, from a prompt that asks twice or from the first line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    entered: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return entered
