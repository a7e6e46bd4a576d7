"""Requests of erasures, each one transaction of the caller: the job, its entry in the audit log, and the end of a sign-in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from ..audit.kinds import Kind
from ..audit.recording import record
from . import jobs, people, subjects
from .jobs import PrivacyTask
from .subjects import Subject


def erase_customer(conn: psycopg.Connection[Any], subject: Subject, by: int | None) -> PrivacyTask:
    """The erasure of a customer, which a worker begins within seconds."""
    return _request(conn, subject, by)


def erase_user(conn: psycopg.Connection[Any], subject: Subject, by: int | None) -> PrivacyTask:
    """The erasure of a user, who is signed out and nameless at once."""
    assert subject.user_id is not None
    with conn.transaction():
        job = _request(conn, subject, by)
        people.blank(conn, subject.tenant_id, subject.user_id, job.pseudonym)
    return job


def with_also(also: str) -> Iterable[str]:
    """The other spellings of a form: one per line. PostgreSQL stores no NUL."""
    return [line.strip() for line in also.replace("\0", "").splitlines() if line.strip()]


def _request(conn: psycopg.Connection[Any], subject: Subject, by: int | None) -> PrivacyTask:
    with conn.transaction():
        job, is_new = jobs.request(conn, subject, subjects.pseudonym(subject.kind), by)
        if is_new:
            details = {"what": subject.kind, "pseudonym": job.pseudonym, "state": "requested"}
            record(conn, Kind.PRIVACY_ERASURE, tenant_id=subject.tenant_id, subject=job.pseudonym, details=details)
    return job
