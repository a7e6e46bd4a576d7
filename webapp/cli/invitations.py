"""`flask user invite`: the link with which a new user chooses a password, such as the first admin of an installation."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from ..accounts import admin
from ..db import db
from ..invitations import notice, store, token
from ..invitations.store import InvitationRefused, NewInvitation
from ..models import ROLES
from ..services import services
from . import echo, stop


@click.command("invite")
@click.argument("email")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@click.option("--role", type=click.Choice(ROLES), default="sales", show_default=True)
@click.option("--name", help="As displayed to the team. The invited person can change it.")
@with_appcontext
def invite(email: str, slug: str, role: str, name: str | None) -> None:
    """Print a link with which EMAIL chooses a password and becomes a user. A second call replaces the first link."""
    config = services().config
    try:
        admin.check_email(email)
        if name is not None:
            admin.check_name("user", name)
        with Session(db.engine) as session:
            tenant_id = admin.require_tenant(session, slug).id
        new = NewInvitation(email.strip(), role, name and name.strip())
        made = store.create(tenant_id, new, config.invitation_days, replaces=True)
    except (admin.AccountError, InvitationRefused) as error:
        stop(str(error))
    notice.announce(services().redis, tenant_id)
    bind = "127.0.0.1:8000" if config.bind.startswith(("unix:", "fd:")) else config.bind
    base = config.mail.public_url or f"http://{bind}"
    echo(base + token.path(made.token))
    until = f"{made.invitation.expires_at:%Y-%m-%d %H:%M %Z}"
    echo(
        f"Send this link to {email} only. It works once, until {until}, and makes a user with the role {role}.",
        err=True,
    )
    if not config.mail.public_url:
        echo("If Doorbell has another address than this one, set PUBLIC_URL.", err=True)
