"""The live part of the workspace that shows the rebuild of the history after a change of the time zone."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import text

from ..accounts.current import current_tenant
from ..db import db
from ..display import clock
from ..models import RollupRebuild
from ..panels.render import Render
from ..queries.day import today
from ..rollups import rebuilds
from .access import require_manager
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
        db.session.execute(text(rebuilds.REQUEST.replace("%(tenant)s", ":tenant")), {"tenant": tenant_id})
    db.session.commit()


@bp.get("/rebuild", endpoint="rebuild")
def show() -> ResponseReturnValue:
    require_manager()
    return fragment(part())
