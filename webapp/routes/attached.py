"""The page of attached tables, for managers: their state, a proposal for another table, a check, detaching.

Installing is a command and no button. A mapping is SQL that runs in each write of the company's table, so it is a decision of
the person who runs the database. The page proposes only what follows from names and types, shows it, and gives the command.
"""

from __future__ import annotations

import shlex

import psycopg
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..attach import catalog, detach, install, overview, proposal, work
from ..attach.attachments import Attachment
from ..attach.errors import AttachRefused
from ..attach.proposal import Proposal, Wish
from ..audit import origin
from ..audit.origin import Origin
from ..concurrency import native_thread
from ..db import db, driver_connection
from ..display import clock
from ..display.filters import number_text
from ..language import gettext as _
from ..language import stored_text
from ..panels.render import Render
from ..postgres import session, tenancy
from ..queries.day import today
from ..services import services
from .access import guard, needs
from .board import live_since
from .page_parts import part_of
from .panels import bp as panels_bp
from .panels import fragment

bp = Blueprint("attached", __name__, url_prefix="/attached")
guard(bp, Permission.ATTACH_TABLES)

# A page waits this long for a moment in which no program writes the table.
GIVE_UP_SECONDS = 3.0


@bp.get("")
def index() -> str:
    return _page()


@bp.post("/proposals")
def propose() -> ResponseReturnValue:
    """The page with the proposal for one of the tables that it lists."""
    name, tenant_id = request.form.get("table", ""), current_tenant().id
    url = services().config.database_url
    with driver_connection() as conn:
        if name not in overview.candidates(conn, tenant_id):
            abort(404)
    db.session.close()
    try:
        proposed = native_thread.run(lambda: _proposed(url, name, tenant_id))
    except AttachRefused as error:
        return _page(table=name, refusal=stored_text(str(error)), command=_command(name, ["--map", "FIELD=COLUMN"]))
    return _page(table=name, proposed=proposed, command=_command(name, []))


@bp.post("/<int:attachment_id>/checks")
def check(attachment_id: int) -> ResponseReturnValue:
    attachment = _find(attachment_id)
    with driver_connection() as conn:
        work.request_check(conn, attachment.id)
    db.session.commit()
    flash(_("The worker checks %(table)s within a minute.", table=attachment.name), "success")
    return redirect(url_for("attached.index"), 303)


@bp.post("/<int:attachment_id>/detachment")
def remove(attachment_id: int) -> ResponseReturnValue:
    """Detaches and keeps the orders. Removing them is left to the command."""
    attachment = _find(attachment_id)
    url, here = services().config.database_url, origin.present()
    db.session.close()
    try:
        count = native_thread.run(lambda: _detach(url, attachment, here))
    except AttachRefused as error:
        flash(stored_text(str(error)), "danger")
    except psycopg.errors.InsufficientPrivilege:
        # The web process has a role of its own (docs/database-roles.md).
        command = shlex.join(["flask", "orders", "detach", attachment.name])
        flash(
            _("This page may not change %(table)s. Run: %(command)s", table=attachment.name, command=command), "danger"
        )
    else:
        kept = number_text(count)
        flash(_("Detached %(table)s. Orders kept: %(count)s.", table=attachment.name, count=kept), "success")
    return redirect(url_for("attached.index"), 303)


@panels_bp.get("/attached", endpoint="attached")
@needs(Permission.ATTACH_TABLES)
def show_list() -> ResponseReturnValue:
    return fragment(list_part())


def list_part() -> Render:
    tenant = current_tenant()
    with driver_connection() as conn:
        found = overview.read(conn, tenant.id)
    return part_of("panels/attached.html", found=found, tenant=tenant, today=today(tenant.timezone, clock.now()).date)


def _page(table: str = "", proposed: Proposal | None = None, refusal: str = "", command: str = "") -> str:
    live_since()
    tenant = current_tenant()
    with driver_connection() as conn:
        candidates = overview.candidates(conn, tenant.id)
    return render_template(
        "pages/attached.html",
        tenant=tenant,
        part=list_part(),
        candidates=candidates,
        table=table,
        proposed=proposed,
        statements=install.statements(proposed.target) if proposed else [],
        refusal=refusal,
        command=command,
    )


def _find(attachment_id: int) -> Attachment:
    with driver_connection() as conn:
        found = overview.visible_by_id(conn, current_tenant().id, attachment_id)
    if found is None:
        abort(404)
    return found


def _proposed(url: str, name: str, tenant_id: int) -> Proposal:
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in name.split(".", 1))
    limits = session.PAGE_LIMITS | tenancy.of_session(tenant_id)
    with session.connect(url, "doorbell web", autocommit=True, limits=limits) as conn:
        return proposal.propose(conn, catalog.find(conn, quoted), tenant_id, Wish({}, {}, {}))


def _detach(url: str, attachment: Attachment, here: Origin) -> int:
    with origin.given(here), session.connect(url, "doorbell web", autocommit=True) as conn:
        return detach.run(conn, attachment, keep_orders=True, give_up_seconds=GIVE_UP_SECONDS)


def _command(name: str, more: list[str]) -> str:
    return shlex.join(["flask", "orders", "attach", name, "--tenant", current_tenant().slug, *more])
