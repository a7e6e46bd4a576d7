"""Writes entries of the audit log.

An entry is a row of the caller's transaction: an action that fails or is rolled back leaves none. `record_alone` is for
actions without a transaction of their own, such as a failed sign-in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session, scoped_session

from ..db import db
from ..models import AUDIT_ADDRESS_MAX_CHARS, AUDIT_BROWSER_MAX_CHARS, TEXT_MAX_CHARS
from . import origin
from .kinds import Kind

Handle = psycopg.Connection[Any] | Connection | Session | scoped_session[Any]

_LIMITS = {
    "actor_name": TEXT_MAX_CHARS,
    "subject": TEXT_MAX_CHARS,
    "address": AUDIT_ADDRESS_MAX_CHARS,
    "browser": AUDIT_BROWSER_MAX_CHARS,
}
# Longer texts in details are cut off, so that an entry stays small.
DETAIL_MAX_CHARS = 500
_NAMES = (
    *("tenant_id", "kind", "origin", "actor_id", "actor_name", "subject_id", "subject", "address", "session"),
    *("browser", "details"),
)
_INSERT = """
INSERT INTO audit_log (tenant_id, kind, origin, actor_id, actor_name, subject_id, subject, address, session, browser, details)
VALUES (
    {tenant_id}, {kind}, {origin}, CAST({actor_id} AS bigint),
    coalesce(CAST({actor_name} AS text), (SELECT name FROM users WHERE id = CAST({actor_id} AS bigint))),
    CAST({subject_id} AS bigint),
    coalesce(CAST({subject} AS text), (SELECT name FROM users WHERE id = CAST({subject_id} AS bigint))),
    {address}, {session}, {browser}, CAST({details} AS jsonb))
"""
_FOR_PSYCOPG = _INSERT.format(**{name: f"%({name})s" for name in _NAMES})
_FOR_SQLALCHEMY = text(_INSERT.format(**{name: f":{name}" for name in _NAMES}))


def record(
    handle: Handle,
    kind: Kind,
    *,
    tenant_id: int | None,
    actor_id: int | None = None,
    actor_name: str | None = None,
    subject: str | None = None,
    subject_id: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry in the transaction of `handle`, with the address, session and browser of the present request.

    Without an actor it is the signed-in user, the command line or the worker; without a tenant it is that of the user.
    `subject_id` is the user to whom it was done; the subject is then that user's name. `details` are values of JSON; personal
    data belongs below the key "person", because an erasure removes it. Raises the errors of psycopg or SQLAlchemy.
    """
    here = origin.present()
    if tenant_id is not None and here.tenant_id not in (None, tenant_id):
        # Another company's user opened a link of this one. Its audit log does not name that user.
        here = replace(here, actor_id=None, actor_name=None, session=None)
    is_given = actor_id is not None or actor_name is not None
    values: dict[str, Any] = {
        "tenant_id": here.tenant_id if tenant_id is None else tenant_id,
        "kind": kind.value,
        "origin": here.name,
        "actor_id": actor_id if is_given else here.actor_id,
        "actor_name": actor_name if is_given else here.actor_name,
        "subject_id": subject_id,
        "subject": subject or None,
        "address": here.address,
        "session": here.session,
        "browser": here.browser,
        "details": json.dumps(_clean(dict(details or {})), ensure_ascii=False),
    }
    values |= {name: _cut(values[name], limit) for name, limit in _LIMITS.items()}
    if isinstance(handle, psycopg.Connection):
        handle.execute(_FOR_PSYCOPG, values)
    else:
        handle.execute(_FOR_SQLALCHEMY, values)


def record_alone(kind: Kind, *, tenant_id: int | None, **values: Any) -> None:
    """Write an entry in a transaction of its own, and commit it. Takes what `record` takes."""
    with Session(db.engine) as writing:
        record(writing, kind, tenant_id=tenant_id, **values)
        writing.commit()


def _cut(value: str | None, limit: int) -> str | None:
    """PostgreSQL stores no NUL; a lone surrogate, which a file name may have, is not UTF-8."""
    if value is None:
        return None
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:limit]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _cut(value, DETAIL_MAX_CHARS)
    if isinstance(value, Mapping):
        return {str(key): _clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float) else _cut(str(value), DETAIL_MAX_CHARS)
