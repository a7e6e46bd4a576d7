"""The parts of the workspace: the rebuild of the history after a change of the time zone, and the consequences of choices."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from ..accounts import changes
from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..db import db
from ..display import clock, zones
from ..models import RollupRebuild
from ..panels.render import Render
from ..queries.day import today
from ..rollups import rebuilds
from . import workspace_form
from .access import needs
from .page_parts import part_of
from .panels import bp, fragment

# More orders are not counted exactly: the estimate is in minutes.
MAX_COUNTED = 2_000_000
# Served by ix_orders_recent.
_ORDERS = text("SELECT count(*) FROM (SELECT FROM orders WHERE tenant_id = :tenant LIMIT :most) AS counted")


def part() -> Render:
    tenant = current_tenant()
    found = db.session.get(RollupRebuild, tenant.id)
    return part_of(
        "panels/rebuild.html", rebuild=found, state=state(found), today=today(tenant.timezone, clock.now()).date
    )


def state(rebuild: RollupRebuild | None) -> str:
    """none, done, failed, running or waiting. Attempts that failed and are repeated count as running."""
    if rebuild is None:
        return "none"
    if rebuild.finished_at:
        return "done"
    if rebuild.problem and rebuild.attempts >= rebuilds.MAX_ATTEMPTS:
        return "failed"
    return "running" if rebuild.started_at else "waiting"


def estimate(tenant_id: int) -> dict[str, Any]:
    """The orders that a rebuild counts, and its minutes, at least 1."""
    orders = db.session.execute(_ORDERS, {"tenant": tenant_id, "most": MAX_COUNTED}).scalar_one()
    return {"orders": orders, "minutes": max(1, round(orders * rebuilds.SECONDS_PER_ORDER / 60))}


def request_again(tenant_id: int) -> None:
    """Open a failed rebuild again. One that is open or done stays as it is."""
    found = db.session.get(RollupRebuild, tenant_id)
    if state(found) == "failed":
        changes.request_rebuild(db.session(), tenant_id)
    db.session.commit()


@bp.get("/workspace/rebuild", endpoint="workspace_rebuild")
@needs(Permission.MANAGE_WORKSPACE)
def show_rebuild() -> ResponseReturnValue:
    return fragment(part())


@bp.get("/workspace/sample", endpoint="workspace_sample")
@needs(Permission.MANAGE_WORKSPACE)
def show_sample() -> ResponseReturnValue:
    """How numbers, money and dates look in the locale of the form."""
    tenant = current_tenant()
    found = zones.locale_sample(request.args.get("locale", "")[:100], tenant.currency, clock.now(), tenant.timezone)
    return fragment(part_of("components/locale_sample.html", sample=found))


@bp.get("/workspace/zone", endpoint="workspace_zone")
@needs(Permission.MANAGE_WORKSPACE)
def show_zone() -> ResponseReturnValue:
    """The consequences of the time zone of the form."""
    name = request.args.get("timezone", "")[:100]
    problem = workspace_form.check_timezone(name)
    return fragment(part_of("components/zone_change.html", name=name, problem=problem, **zone_values()))


def zone_values() -> dict[str, Any]:
    tenant = current_tenant()
    return {"present": tenant.timezone, **estimate(tenant.id)}
