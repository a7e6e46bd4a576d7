"""Outages of PostgreSQL and of the connection pool, as SQLAlchemy's events show them. Each is one incident in the log.

A fault is a statement or a connection of a request that failed for a reason of the server. PostgreSQL is back with the
first statement that succeeds, and the pool is free with the first connection that it gives.
"""

from __future__ import annotations

from typing import Any

import psycopg
from flask import has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..observability import logs
from ..observability.incidents import Incident
from . import faults

# Without a fault for so long, an outage counts as over: at first some requests may succeed while others fail.
SETTLED_SECONDS = 5.0

log = logs.get("web")
postgresql = Incident("postgresql", "its requests are answered 503", settled=SETTLED_SECONDS)
pool = Incident(
    "connection pool",
    "requests that got no connection are answered 503",
    settled=SETTLED_SECONDS,
    state="full",
    again="free again",
)


def watch(engine: Engine) -> None:
    """Begin and end the incidents by what happens on `engine`."""
    event.listen(engine, "handle_error", _failed)
    event.listen(engine, "after_cursor_execute", _succeeded)
    event.listen(engine, "checkout", _connected)


def pool_full(error: PoolTimeout) -> None:
    """Count a request that got no connection. SQLAlchemy has no event for that."""
    pool.fault(log, "request", error, endpoint=request.endpoint)


def _failed(context: ExceptionContext) -> None:
    # A connection that fails its ping is replaced; the request fails only if no new one can be made. Commands and background
    # work report their errors themselves.
    if context.is_pre_ping or not has_request_context():
        return
    error = context.original_exception
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not faults.was_cancelled(error):
        postgresql.fault(log, "request", context.sqlalchemy_exception or error, endpoint=request.endpoint)


def _succeeded(*_statement: Any) -> None:
    postgresql.over(log)


def _connected(*_connection: Any) -> None:
    pool.over(log)
