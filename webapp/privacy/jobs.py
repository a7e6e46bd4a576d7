"""The queue of erasures and of deletions of tenants: a row per job, held by a lease, with the position of its next page.

Each page of a job is one transaction that also saves the position. So a job that is interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, tuple_row
from psycopg.types.json import Jsonb

from .names import Names, fold
from .subjects import USER, Subject

TENANT = "tenant"
WAITING, QUEUED, RUNNING, DONE, FAILED, CANCELLED = "waiting", "queued", "running", "done", "failed", "cancelled"
OPEN = (WAITING, QUEUED, RUNNING)
LEASE_SECONDS = 120
# The search at the end reads each table in one statement.
SEARCH_SECONDS = 1800
# After an error, such as a lock that another transaction holds.
RETRY_SECONDS = 5
MAX_ATTEMPTS = 20
SHOWN = 20


@dataclass(frozen=True)
class PrivacyTask:
    """One job. `names` and `subject` are None once it is done."""

    id: int
    tenant_id: int
    kind: str
    subject: str | None
    names: list[str] | None
    user_id: int | None
    pseudonym: str
    requested_by: int | None
    state: str
    position: dict[str, Any]
    pages_done: int
    pages_total: int
    counts: dict[str, Any]
    attempts: int
    fence: int
    problem: str | None
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    spellings: Names = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = Names.of(self.names or (), self.pseudonym, is_user=self.kind == USER)
        object.__setattr__(self, "spellings", found)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def percent(self) -> int:
        """The progress of the present round, at most 99 until the job is done."""
        return 100 if self.state == DONE else min(99, self.pages_done * 100 // max(self.pages_total, 1))


_COLUMNS = ", ".join(f.name for f in fields(PrivacyTask) if f.init)
_INSERT = f"""
INSERT INTO privacy_jobs (tenant_id, kind, subject, names, pattern, user_id, pseudonym, requested_by, state, due_at)
VALUES (%(tenant)s, %(kind)s, %(subject)s, %(names)s, %(pattern)s, %(user)s, %(pseudonym)s, %(by)s, %(state)s,
        now() + make_interval(days => %(days)s))
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants
_CLAIM = f"""
UPDATE privacy_jobs
SET state = 'running', fence = fence + 1, attempts = attempts + 1, started_at = coalesce(started_at, now()),
    lease_until = now() + make_interval(secs => {LEASE_SECONDS})
WHERE id = (
    SELECT id FROM privacy_jobs
    WHERE state IN {OPEN} AND due_at <= now() AND (state <> 'running' OR lease_until < now())
        AND (%(job)s::bigint IS NULL OR id = %(job)s)
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""  # noqa: S608 - constants
_HELD = "WHERE id = %(id)s AND fence = %(fence)s AND state = 'running'"
_SAVE = f"""
UPDATE privacy_jobs
SET position = %(position)s, counts = %(counts)s, pages_done = %(done)s, pages_total = %(total)s, attempts = 0, problem = NULL,
    lease_until = now() + make_interval(secs => {LEASE_SECONDS})
{_HELD}
"""  # noqa: S608 - constants
_RELEASE = f"""
UPDATE privacy_jobs SET state = 'queued', lease_until = NULL, problem = %(problem)s,
    due_at = now() + make_interval(secs => %(seconds)s)
{_HELD}
"""  # noqa: S608 - constants
_FAIL = (
    f"UPDATE privacy_jobs SET state = 'failed', lease_until = NULL, problem = %(problem)s, finished_at = now() {_HELD}"  # noqa: S608 - constants
)
_RETRY = """
UPDATE privacy_jobs SET state = 'queued', attempts = 0, due_at = now(), finished_at = NULL, problem = NULL
WHERE tenant_id = %(tenant)s AND id = %(id)s AND state = 'failed' AND names IS NOT NULL
"""
_LIST = f"SELECT {_COLUMNS} FROM privacy_jobs WHERE tenant_id = %(tenant)s ORDER BY id DESC LIMIT {SHOWN}"  # noqa: S608 - constants
_OPEN_JOBS = f"SELECT {_COLUMNS} FROM privacy_jobs WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND state IN {OPEN}"  # noqa: S608 - constants


# Kept with the jobs, for the page and for `flask doctor`.
WITHOUT_RIGHTS = (
    "The worker's role in the database has not the rights of this version. Run as the owner of the tables: flask --app wsgi "
    "roles --processes --create (docs/database-roles.md)."
)
# One of the functions with the owner's rights stands for all: a role gets them together.
_MAY_RUN = "SELECT has_function_privilege('privacy_delete_tenant(bigint)', 'EXECUTE')"
_HOLD = f"""
UPDATE privacy_jobs SET problem = %(problem)s
WHERE state IN {OPEN} AND due_at <= now() AND problem IS DISTINCT FROM %(problem)s RETURNING tenant_id
"""  # noqa: S608 - constants


class TaskLost(Exception):
    """Another worker has the job, or it was cancelled."""


def request(
    conn: psycopg.Connection[Any], subject: Subject, pseudonym: str, by: int | None
) -> tuple[PrivacyTask, bool]:
    """The open job for this subject, and whether it is new: a form that is sent twice begins one erasure."""
    conn.execute("SELECT FROM tenants WHERE id = %s FOR NO KEY UPDATE", [subject.tenant_id])
    for job in _many(conn, _OPEN_JOBS, {"tenant": subject.tenant_id, "kind": subject.kind}):
        if job.user_id == subject.user_id and (subject.is_user or fold(job.subject or "") == fold(subject.title)):
            return job, False
    values = {"tenant": subject.tenant_id, "kind": subject.kind, "subject": subject.title, "user": subject.user_id}
    values |= {"names": list(dict.fromkeys(subject.spellings)), "pattern": subject.names().loose}
    values |= {"pseudonym": pseudonym, "by": by}
    return _inserted(conn, values | {"state": QUEUED, "days": 0}), True


def request_deletion(conn: psycopg.Connection[Any], tenant_id: int, by: int | None, days: int) -> PrivacyTask:
    values = {"tenant": tenant_id, "kind": TENANT, "subject": None, "names": None, "pattern": None, "user": None}
    values |= {"pseudonym": "", "by": by}
    return _inserted(conn, values | {"days": days, "state": WAITING if days else QUEUED})


def may_run(conn: psycopg.Connection[Any]) -> bool:
    """Whether the session has the worker's rights of this version. Without them a job would stop in its middle."""
    row = conn.cursor(row_factory=tuple_row).execute(_MAY_RUN).fetchone()
    return bool(row and row[0])


def hold(conn: psycopg.Connection[Any]) -> list[int]:
    """Note at the jobs that are due why none is run. Returns the tenants of those that did not have the note."""
    rows = conn.cursor(row_factory=tuple_row).execute(_HOLD.encode(), {"problem": WITHOUT_RIGHTS}).fetchall()
    return sorted({row[0] for row in rows})


def claim(conn: psycopg.Connection[Any], job_id: int | None = None) -> PrivacyTask | None:
    """The job that is due longest, now held by the caller; also one whose worker is gone."""
    found = _many(conn, _CLAIM, {"job": job_id})
    return found[0] if found else None


def save(
    conn: psycopg.Connection[Any],
    job: PrivacyTask,
    position: Mapping[str, Any],
    counts: Mapping[str, int],
    pages: tuple[int, int],
) -> None:
    """Save the position in the transaction of the page, and renew the lease. Raises TaskLost."""
    values = {"position": Jsonb(dict(position)), "counts": Jsonb(dict(counts)), "done": pages[0], "total": pages[1]}
    if conn.execute(_SAVE.encode(), _held(job) | values).rowcount != 1:
        raise TaskLost


def extend(conn: psycopg.Connection[Any], job: PrivacyTask) -> None:
    """Hold the lease for the search at the end. Raises TaskLost."""
    statement = f"UPDATE privacy_jobs SET lease_until = now() + make_interval(secs => {SEARCH_SECONDS}) {_HELD}"  # noqa: S608 - constants
    if conn.execute(statement.encode(), _held(job)).rowcount != 1:
        raise TaskLost


def finish(conn: psycopg.Connection[Any], job: PrivacyTask) -> None:
    """The erasure is done: the job and the audit log forget whom it erased. Raises TaskLost.

    The caller has recorded the erasure in the same transaction.
    """
    row = conn.execute("SELECT privacy_finish(%(id)s, %(fence)s)", _held(job)).fetchone()
    if not (row and row[0]):
        raise TaskLost


def release(conn: psycopg.Connection[Any], job: PrivacyTask, problem: str | None = None, seconds: float = 0.0) -> None:
    conn.execute(_RELEASE.encode(), _held(job) | {"problem": problem, "seconds": seconds})


def fail(conn: psycopg.Connection[Any], job: PrivacyTask, problem: str) -> None:
    conn.execute(_FAIL.encode(), _held(job) | {"problem": problem[:1000]})


def retry(conn: psycopg.Connection[Any], tenant_id: int, job_id: int) -> bool:
    return bool(conn.execute(_RETRY, {"tenant": tenant_id, "id": job_id}).rowcount)


def newest(conn: psycopg.Connection[Any], tenant_id: int) -> list[PrivacyTask]:
    """The tenant's jobs, newest first: SHOWN at most."""
    return _many(conn, _LIST, {"tenant": tenant_id})


def is_old_enough(conn: psycopg.Connection[Any], job: PrivacyTask) -> bool:
    """Whether all transactions that were older than the request have ended before this transaction's snapshot."""
    statement = "SELECT pg_snapshot_xmin(pg_current_snapshot()) > xid FROM privacy_jobs WHERE id = %s"
    row = conn.cursor(row_factory=tuple_row).execute(statement, [job.id]).fetchone()
    return bool(row and row[0])


def _inserted(conn: psycopg.Connection[Any], values: dict[str, Any]) -> PrivacyTask:
    return _many(conn, _INSERT, values)[0]


def _many(conn: psycopg.Connection[Any], statement: str, values: Mapping[str, Any]) -> list[PrivacyTask]:
    return conn.cursor(row_factory=class_row(PrivacyTask)).execute(statement.encode(), values).fetchall()


def _held(job: PrivacyTask) -> dict[str, Any]:
    return {"id": job.id, "fence": job.fence}
