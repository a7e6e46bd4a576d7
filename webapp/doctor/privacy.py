"""Check of the jobs of privacy: none has failed, none waits for long, and the worker has the rights for them."""

from __future__ import annotations

from collections.abc import Iterator

from ..privacy import jobs
from .finding import Finding, duration, fault, ok
from .system import System

# The worker reads the queue every few seconds, and runs one job at a time.
MAX_WAIT_SECONDS = 3600.0

_STATE = f"""
SELECT count(*) FILTER (WHERE state = 'failed' AND kind <> 'tenant') AS failed,
       count(*) FILTER (WHERE is_due AND problem = %(without_rights)s) AS held,
       coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE is_due)), 0)::float AS waits
FROM (SELECT *, state IN {jobs.OPEN} AND due_at <= now() AND (state <> 'running' OR lease_until < now()) AS is_due
      FROM privacy_jobs) AS job
"""  # noqa: S608 - constants
# Its users are disabled by then, so its page cannot try again.
_HALF_DELETED = """
SELECT t.slug, j.problem FROM tenants t CROSS JOIN LATERAL (
    SELECT state, problem FROM privacy_jobs WHERE tenant_id = t.id AND kind = 'tenant' ORDER BY id DESC LIMIT 1) AS j
WHERE t.deletion_at IS NOT NULL AND j.state = 'failed' ORDER BY t.slug LIMIT 5
"""


def check(system: System) -> Iterator[Finding]:
    (row,) = system.rows(_STATE, {"without_rights": jobs.WITHOUT_RIGHTS})
    if row["held"]:
        yield fault(
            f"erasures or deletions of tenants wait ({row['held']}), because the worker's role has not the rights of this "
            "version",
            "Run as the owner of the tables: flask --app wsgi roles --processes --create (docs/database-roles.md).",
        )
    elif row["waits"] > MAX_WAIT_SECONDS:
        yield fault(
            f"an erasure or a deletion of a tenant has waited for {duration(row['waits'])}",
            "Start the worker of the queue doorbell, and beat (Procfile, lines worker and beat); see their logs.",
        )
    if row["failed"]:
        yield fault(
            f"erasures have failed ({row['failed']})",
            "See Settings → Privacy: the page has the reason, and tries again.",
        )
    for tenant in system.rows(_HALF_DELETED):
        yield fault(
            f"the deletion of the tenant {tenant['slug']} has failed: {tenant['problem']}",
            f"Remove the reason, then run: flask --app wsgi tenant delete {tenant['slug']} --yes",
        )
    yield ok("no erasure or deletion of a tenant waits")
