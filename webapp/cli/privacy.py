"""`flask privacy`: export and erasure of a person or a customer. `flask tenant delete`: the deletion of a company."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import psycopg
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from ..accounts import admin
from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..postgres import session
from ..privacy import deletion, jobs, overview, records, requests, subjects
from ..privacy.export import Export
from ..privacy.jobs import PrivacyTask
from ..privacy.records import Search
from ..privacy.subjects import Subject
from ..privacy.worker import PrivacyWorker
from ..services import services
from ..signals import notices
from . import echo, stop
from .tenants import tenants_cli

T = TypeVar("T")

privacy_cli = AppGroup("privacy", help="What is stored about a person or a customer: export and erase it.")
customer_option = click.option("--customer", metavar="NAME", help="A customer, by the name on the orders.")
user_option = click.option("--user", "email", metavar="EMAIL", help="A person with an account.")
tenant_option = click.option("--tenant", "slug", metavar="SLUG", help="The tenant of the customer.")
also_option = click.option("--also", multiple=True, metavar="TEXT", help="Another spelling, or an e-mail address.")


def _connect() -> psycopg.Connection[Any]:
    return session.connect(services().config.database_url, "doorbell command", autocommit=True)


@privacy_cli.command("export")
@customer_option
@user_option
@tenant_option
@also_option
@click.option("--to", "path", type=click.Path(path_type=Path), required=True, help="The ZIP file to write.")
def export(customer: str | None, email: str | None, slug: str | None, also: tuple[str, ...], path: Path) -> None:
    """Write everything that is stored about a person or a customer into a ZIP file."""
    with _connect() as conn:
        found = _subject(conn, customer, email, slug, also)

        def read(function: Callable[[psycopg.Connection[Any]], T]) -> T:
            return function(conn)

        file = Export(read, found)
        try:
            with path.open("xb") as target:
                for piece in file.pieces():
                    target.write(piece)
        except FileExistsError:
            stop(f"{path} exists. Name another file with --to.")
        details = {"what": found.kind}
        record(conn, Kind.PRIVACY_EXPORT, tenant_id=found.tenant_id, subject_id=found.user_id, details=details)
    echo(f"Wrote {path}: {sum(file.rows.values())} rows of {len(file.rows)} kinds.")


@privacy_cli.command("erase")
@customer_option
@user_option
@tenant_option
@also_option
@click.option("--yes", is_flag=True, help="Erase. Without it, only what would be erased is shown.")
def erase(customer: str | None, email: str | None, slug: str | None, also: tuple[str, ...], yes: bool) -> None:
    """Replace the name of a person or a customer everywhere, by a pseudonym. Orders keep amounts and dates."""
    with _connect() as conn:
        found = _subject(conn, customer, email, slug, also)
        if not yes:
            for label, rows in overview.labelled(records.count(conn, Search.of(conn, found))):
                echo(f"{label}: {'not counted' if rows is None else rows}")
            echo("Nothing was changed. It cannot be undone; to erase, add --yes.")
            return
        job = (requests.erase_user if found.is_user else requests.erase_customer)(conn, found, None)
        if found.is_user:
            notices.sessions_ended(services().redis)
        _run(job)
        done = _find(conn, job)
    if done is None or done.state == jobs.DONE:
        echo(f"Erased: the name is now {job.pseudonym!r}, and stands nowhere in the tenant's data.")
    elif done.state == jobs.FAILED:
        stop(str(done.problem))
    else:
        echo(f"The erasure goes on in a worker; the name becomes {job.pseudonym!r}.")


@tenants_cli.command("delete")
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Delete. Without it, nothing is done.")
def delete(slug: str, yes: bool) -> None:
    """Delete the tenant SLUG with all of its orders, users and files. Other tenants are not touched."""
    try:
        with Session(db.engine) as reading:
            tenant_id = admin.require_tenant(reading, slug).id
    except admin.AccountError as error:
        stop(str(error))
    if not yes:
        stop(f"This deletes all data of the tenant {slug!r} and cannot be undone. To do it, add --yes.")
    with _connect() as conn:
        try:
            with conn.transaction():
                job = deletion.schedule(conn, tenant_id, None, days=0)
        except deletion.TablesAttached as error:
            stop(f"The tables {error} write orders of {slug}. Detach them first: flask orders detach NAME")
        _run(job)
        is_left = conn.execute("SELECT EXISTS (SELECT FROM tenants WHERE id = %s)", [tenant_id]).fetchone() == (True,)
    echo(f"A worker goes on with the deletion of tenant {slug}." if is_left else f"Deleted tenant {slug}.")


def _subject(
    conn: psycopg.Connection[Any], customer: str | None, email: str | None, slug: str | None, also: tuple[str, ...]
) -> Subject:
    if email and not customer:
        found = subjects.user_by_email(conn, email)
        if found is None:
            stop(f"There is no user {email!r}. List all users with: flask user list")
        return subjects.user(conn, found.tenant_id, found.user_id or 0, also) or found
    if not customer or email:
        stop("Name one of them: --customer NAME --tenant SLUG, or --user EMAIL.")
    if not slug:
        stop("Name the tenant of the customer: --tenant SLUG. List all tenants with: flask tenant list")
    try:
        with Session(db.engine) as reading:
            tenant = admin.require_tenant(reading, slug)
            return subjects.customer(conn, tenant.id, customer, also)
    except admin.AccountError as error:
        stop(str(error))


def _run(job: PrivacyTask) -> None:
    """Run the job here. A worker that is faster may have begun it."""
    PrivacyWorker(services().config.database_url, services().redis).run(job.id)


def _find(conn: psycopg.Connection[Any], job: PrivacyTask) -> PrivacyTask | None:
    return next((found for found in jobs.newest(conn, job.tenant_id) if found.id == job.id), None)
