"""The queue of jobs: one per upload, claimed by any worker, held by a lease in its row.

Each function is one statement on a connection in autocommit mode, or in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from ..language import N_
from .upload import ACTIVE, IDLE, MAX_ATTEMPTS, SELECTED, Upload, one

# A worker renews its lease each second. One that is silent for this long is gone, or frozen.
LEASE_SECONDS = 15
# Between two attempts of a job that ended in an error.
RETRY_SECONDS = 5
STOPPED = N_("The worker was stopped in the middle each time.")
UNREPORTED = N_(
    "The orders were placed, but the report of rejected rows could not be written. Check the file again for it."
)

_ENQUEUE = f"""
UPDATE uploads
SET state = 'queued', is_dry_run = %(dry)s, version = version + 1, attempts = 0, queued_at = now(), changed_at = now(),
    is_cancel_requested = false, phase = NULL, done_bytes = 0, orders_to_place = NULL, result = NULL, report_bytes = 0,
    problem = NULL, finished_at = NULL
WHERE tenant_id = %(tenant)s AND id = %(id)s AND version = %(version)s AND state IN {IDLE}
"""  # noqa: S608 - constants
# Jobs of one tenant run one after the other; an import would wait for the other one anyway.
_CLAIM = f"""
UPDATE uploads
SET state = 'running', attempts = attempts + 1, fence = fence + 1, phase = NULL, done_bytes = 0,
    lease_until = now() + make_interval(secs => {LEASE_SECONDS})
WHERE (tenant_id, id) = (
    SELECT u.tenant_id, u.id FROM uploads u
    WHERE u.state IN {ACTIVE} AND (u.state = 'queued' AND u.queued_at <= now() OR u.state = 'running' AND u.lease_until < now())
      AND u.attempts < {MAX_ATTEMPTS}
      AND NOT EXISTS (SELECT FROM uploads x WHERE x.tenant_id = u.tenant_id AND x.id <> u.id
                      AND x.state = 'running' AND x.lease_until >= now())
    ORDER BY u.queued_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {SELECTED}
"""  # noqa: S608 - constants
_FAIL_CRASHED = f"""
UPDATE uploads
SET state = CASE WHEN is_dry_run OR result IS NULL THEN 'failed' ELSE 'done' END,
    problem = CASE WHEN is_dry_run OR result IS NULL THEN coalesce(problem, %(stopped)s) ELSE %(unreported)s END,
    phase = NULL, finished_at = now(), changed_at = now(), lease_until = NULL
WHERE state = 'running' AND lease_until < now() AND attempts >= {MAX_ATTEMPTS}
RETURNING tenant_id
"""  # noqa: S608 - constants
_HELD = "WHERE tenant_id = %(tenant)s AND id = %(id)s AND fence = %(fence)s AND state = 'running'"
_RENEW = f"""
UPDATE uploads
SET lease_until = now() + make_interval(secs => {LEASE_SECONDS}), phase = %(phase)s, done_bytes = %(done)s,
    orders_to_place = %(orders)s
{_HELD} RETURNING {SELECTED}
"""  # noqa: S608 - constants
_COMMITTING = f"UPDATE uploads SET result = %(result)s, imported_at = now() {_HELD} AND NOT is_cancel_requested"  # noqa: S608 - constants
_FINISH = f"""
UPDATE uploads
SET state = %(state)s, result = coalesce(result, '{{}}') || %(result)s, report_bytes = %(report)s, problem = %(problem)s,
    phase = NULL, finished_at = now(), changed_at = now(), lease_until = NULL
{_HELD}
"""  # noqa: S608 - constants
_END = f"""
UPDATE uploads
SET state = %(state)s, problem = %(problem)s, options = options || %(options)s, phase = NULL,
    finished_at = now(), changed_at = now(), lease_until = NULL
{_HELD} AND (is_dry_run OR result IS NULL)
"""  # noqa: S608 - constants
_RELEASE = f"UPDATE uploads SET state = 'queued', attempts = attempts - 1, phase = NULL, lease_until = NULL {_HELD}"  # noqa: S608 - constants
_CRASHED = f"""
UPDATE uploads
SET problem = %(problem)s, state = CASE WHEN attempts < {MAX_ATTEMPTS} THEN 'queued' ELSE 'failed' END,
    queued_at = now() + make_interval(secs => {RETRY_SECONDS}), phase = NULL, lease_until = NULL, changed_at = now(),
    finished_at = CASE WHEN attempts < {MAX_ATTEMPTS} THEN NULL ELSE now() END
{_HELD} AND (is_dry_run OR result IS NULL OR attempts < {MAX_ATTEMPTS})
"""  # noqa: S608 - constants
# An import whose orders were placed only lacks its report.
_CANCEL = f"""
UPDATE uploads
SET is_cancel_requested = true, changed_at = now(),
    state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END,
    finished_at = CASE state WHEN 'queued' THEN now() END
WHERE tenant_id = %(tenant)s AND id = %(id)s AND state IN {ACTIVE} AND (is_dry_run OR result IS NULL)
"""  # noqa: S608 - constants
# Not those behind a running job of their tenant.
_WAITING = """
SELECT coalesce(extract(epoch FROM now() - min(CASE state WHEN 'queued' THEN queued_at ELSE lease_until END)), 0)::float8
FROM uploads u
WHERE (state = 'queued' OR state = 'running' AND lease_until < now())
  AND NOT EXISTS (SELECT FROM uploads x WHERE x.tenant_id = u.tenant_id AND x.id <> u.id
                  AND x.state = 'running' AND x.lease_until >= now())
"""


class LeaseLost(Exception):
    """Another worker has the job, or it was cancelled or removed. Nothing was placed."""


def enqueue(conn: psycopg.Connection[Any], upload: Upload, *, is_dry_run: bool) -> bool:
    """Begin a job. False if the upload has one, or has changed since it was read: of two clicks one begins a job."""
    values = {"tenant": upload.tenant_id, "id": upload.id, "version": upload.version, "dry": is_dry_run}
    return bool(conn.execute(_ENQUEUE.encode(), values).rowcount)


def cancel(conn: psycopg.Connection[Any], upload: Upload) -> bool:
    """Request the end of a job. False without a job, and after its orders were placed."""
    return bool(conn.execute(_CANCEL.encode(), {"tenant": upload.tenant_id, "id": upload.id}).rowcount)


def claim(conn: psycopg.Connection[Any]) -> Upload | None:
    """The job that waits longest, now held by the caller; also one whose worker is gone."""
    return one(conn, _CLAIM, {})


def fail_crashed(conn: psycopg.Connection[Any]) -> list[int]:
    """Give up jobs that ended their workers too often. Returns their tenants."""
    return [row[0] for row in conn.execute(_FAIL_CRASHED.encode(), {"stopped": STOPPED, "unreported": UNREPORTED})]


def renew(conn: psycopg.Connection[Any], job: Upload, phase: str | None, done: int, orders: int | None) -> Upload:
    """Renew the lease and record the progress. Raises LeaseLost."""
    found = one(conn, _RENEW, {**_held(job), "phase": phase, "done": done, "orders": orders})
    if found is None:
        raise LeaseLost
    return found


def record_placed(conn: psycopg.Connection[Any], job: Upload, result: dict[str, Any]) -> None:
    """Record, in the transaction that places the orders, that they are placed. Raises LeaseLost, also when cancelled."""
    if conn.execute(_COMMITTING.encode(), {**_held(job), "result": Jsonb(result)}).rowcount != 1:
        raise LeaseLost


def finish(conn: psycopg.Connection[Any], job: Upload, result: dict[str, Any], report_bytes: int, problem: str) -> None:
    values = {
        **_held(job),
        "state": "done",
        "result": Jsonb(result),
        "report": report_bytes,
        "problem": problem or None,
    }
    conn.execute(_FINISH.encode(), values)


def end(
    conn: psycopg.Connection[Any],
    job: Upload,
    state: str,
    problem: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """The job ends without a result: refused or cancelled. An import that was placed keeps its result and is tried again.

    `options` are set beside those of the upload.
    """
    values = {**_held(job), "state": state, "problem": problem, "options": Jsonb(dict(options or {}))}
    conn.execute(_END.encode(), values)


def release(conn: psycopg.Connection[Any], job: Upload) -> None:
    """Give the job back unharmed, because this worker is asked to stop."""
    conn.execute(_RELEASE.encode(), _held(job))


def crashed(conn: psycopg.Connection[Any], job: Upload, problem: str) -> None:
    """An attempt ended in an error. The job is queued again; after MAX_ATTEMPTS it has failed."""
    conn.execute(_CRASHED.encode(), {**_held(job), "problem": problem})


def waiting_seconds(conn: psycopg.Connection[Any]) -> float:
    """How long the oldest job has waited for a worker; 0.0 without any."""
    row = conn.cursor(row_factory=tuple_row).execute(_WAITING).fetchone()
    return float(row[0]) if row else 0.0


def _held(job: Upload) -> dict[str, Any]:
    return {"tenant": job.tenant_id, "id": job.id, "fence": job.fence}
