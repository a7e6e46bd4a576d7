"""Explanations of PostgreSQL's errors for users of Doorbell's commands: a sentence and what to do."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .session import NotAPrimary, ReadOnly, Unusable

TEXT_LENGTH = 300  # characters of PostgreSQL's own message
UNREADABLE = "DATABASE_URL is not an address that PostgreSQL's library can parse"
WRITE_IT_LIKE = "Write postgresql://user:password@host/doorbell, with %XX for special characters in the password."

# Words in libpq's message, and what to do. The last entry matches every message.
_REFUSALS = (
    (
        "startup parameter",
        "DATABASE_URL leads to a pooler that refuses session settings. Give PostgreSQL's own address.",
    ),
    ("resolve host", "Check host and port in DATABASE_URL; write special characters in the password as %XX."),
    ("authentication failed", "Check user and password in DATABASE_URL."),
    ("pg_hba.conf", "Allow this host with a line in PostgreSQL's pg_hba.conf."),
    ("does not exist", "Check user and database in DATABASE_URL; createuser and createdb create them."),
    ("connection slots", "Raise max_connections, or start fewer processes."),
    ("too many clients", "Raise max_connections, or start fewer processes."),
    ("", "Check that it runs and accepts connections from this host at the address in DATABASE_URL."),
)
_NOT_MIGRATED = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, errors.UndefinedObject)
_LIBPQ_ASKS = re.compile(r"\s+Is the server running [^?]*\?")  # the advice covers it
_CANCELLED = (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected)


def underlying(error: BaseException) -> BaseException:
    """The error of psycopg in an error of SQLAlchemy; else the error itself."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_read_only(error: BaseException) -> bool:
    """Whether a write was refused because the transaction or the whole server is read-only."""
    return isinstance(underlying(error), errors.ReadOnlySqlTransaction | ReadOnly | NotAPrimary)


def was_cancelled(error: BaseException) -> bool:
    """Whether PostgreSQL ended a statement because of its time limit or its locks. It has rolled back all of it."""
    return isinstance(underlying(error), _CANCELLED)


def is_not_migrated(error: BaseException) -> bool:
    """Whether part of the schema is missing: an older revision, or another schema in the search_path."""
    return isinstance(underlying(error), _NOT_MIGRATED)


def refusal(error: psycopg.Error) -> tuple[str, str]:
    """Why no session could be opened, and what to do."""
    text = " ".join(_LIBPQ_ASKS.sub(".", str(error)).split()).rstrip(".")
    if isinstance(error, Unusable):
        return error.seen, error.advice
    if isinstance(error, psycopg.ProgrammingError) or "connection option" in text:
        # libpq quotes what it cannot parse, which may contain part of a password.
        return UNREADABLE, WRITE_IT_LIKE
    return f"does not answer: {text:.{TEXT_LENGTH}}", next(advice for words, advice in _REFUSALS if words in text)


def explain(error: BaseException) -> str | None:
    """A sentence about an error of PostgreSQL or of the connection, and what to do; None for a fault of Doorbell."""
    cause = underlying(error)
    if isinstance(cause, PoolTimeout):
        return "PostgreSQL gave no connection in time. Check its load and max_connections."
    if not isinstance(cause, psycopg.Error):
        return None
    if isinstance(cause, errors.ReadOnlySqlTransaction):
        return f"PostgreSQL: {ReadOnly.seen}, or it is a standby. {ReadOnly.advice}"
    if isinstance(cause, errors.InsufficientPrivilege):
        return f"PostgreSQL: {_primary(cause)}. Grant it to Doorbell's role, or name another role in DATABASE_URL."
    if isinstance(cause, errors.InvalidSchemaName):
        return (
            f"PostgreSQL: {_primary(cause)}: no schema of the search_path exists, or Doorbell's role may not use it. Create it "
            "(CREATE SCHEMA), or check search_path in DATABASE_URL and in the settings of role and database."
        )
    if is_not_migrated(cause):
        return f"The database is not migrated to this version of Doorbell ({_primary(cause)}). Run: flask db upgrade"
    if was_cancelled(cause):
        return f"PostgreSQL cancelled it: {_primary(cause)}. A lock or the load delayed it; try again, or run flask doctor."
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        seen, advice = refusal(cause)
        return (
            f"PostgreSQL {seen.rstrip('.')}. {advice}" if seen.startswith("does not") else f"{_capital(seen)}. {advice}"
        )
    return None


def _primary(error: psycopg.Error) -> str:
    return error.diag.message_primary or " ".join(str(error).split())[:TEXT_LENGTH]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
