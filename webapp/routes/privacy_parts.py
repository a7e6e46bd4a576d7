"""The live part of the page of privacy: erasures that wait or run, and the last ones that are done."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..db import driver_connection
from ..display import clock
from ..panels.render import Render
from ..privacy import jobs
from ..queries.day import today
from .access import needs
from .page_parts import part_of
from .panels import bp, fragment


def part() -> Render:
    tenant = current_tenant()
    with driver_connection() as conn:
        found = [job for job in jobs.newest(conn, tenant.id) if job.kind != jobs.TENANT]
    return part_of("panels/privacy_jobs.html", jobs=found, today=today(tenant.timezone, clock.now()).date)


@bp.get("/privacy/jobs", endpoint="privacy_jobs")
@needs(Permission.MANAGE_PRIVACY)
def show_jobs() -> ResponseReturnValue:
    return fragment(part())
