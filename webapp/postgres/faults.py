"""What PostgreSQL's errors mean for the person who started Doorbell or one of its commands, in a sentence and what to do."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .session import NotAPrimary, ReadOnly, Unusable

TEXT_LENGTH = 300  # characters of PostgreSQL's own text
UNREADABLE = "DATABASE_URL is not an address that PostgreSQL's library can read"
WRITE_IT_LIKE = "Write postgresql://user:password@host/doorbell, with %XX for special characters in the password."

# What libpq says, and what to do about it; the last is for everything else.
_REFUSALS = (
    (
        "startup parameter",
        "DATABASE_URL leads to a pooler that refuses session settings. Give PostgreSQL's own address.",
    ),
    ("resolve host", "See host and port in DATABASE_URL; special characters in the password are written as %XX."),
    ("authentication failed", "See user and password in DATABASE_URL."),
    ("pg_hba.conf", "Let this host in: a line in PostgreSQL's pg_hba.conf."),
    ("does not exist", "See user and database in DATABASE_URL; createdb and createuser make them."),
    ("connection slots", "Raise max_connections, or start fewer processes."),
    ("too many clients", "Raise max_connections, or start fewer processes."),
    ("", "See whether it runs, and takes connections from this host at the address in DATABASE_URL."),
)
_NOT_MIGRATED = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, errors.UndefinedObject)
_LIBPQ_ASKS = re.compile(r"\s+Is the server running [^?]*\?")  # the advice says it in our words
_SLOW = (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected)


def underlying(error: BaseException) -> BaseException:
    """psycopg's error of one that SQLAlchemy wrapped."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_read_only(error: BaseException) -> bool:
    """Whether a statement that writes was refused because the transaction, or the whole server, takes no writes."""
    return isinstance(underlying(error), errors.ReadOnlySqlTransaction | ReadOnly | NotAPrimary)


def is_not_migrated(error: BaseException) -> bool:
    """Whether something of the schema is missing: an older revision, or another schema in the search_path."""
    return isinstance(underlying(error), _NOT_MIGRATED)


def refusal(error: psycopg.Error) -> tuple[str, str]:
    """What was seen when no session could be opened, and what to do."""
    text = " ".join(_LIBPQ_ASKS.sub(".", str(error)).split()).rstrip(".")
    if isinstance(error, Unusable):
        return error.seen, error.advice
    if isinstance(error, psycopg.ProgrammingError) or "connection option" in text:
        # libpq quotes what it cannot read, which may be half a password.
        return UNREADABLE, WRITE_IT_LIKE
    return f"does not answer: {text:.{TEXT_LENGTH}}", next(advice for words, advice in _REFUSALS if words in text)


def in_words(error: BaseException) -> str | None:
    """An error of PostgreSQL's or the way to it for a person; None for one that is a fault of Doorbell's own."""
    cause = underlying(error)
    if isinstance(cause, PoolTimeout):
        return "PostgreSQL gave no connection in time. See its load, and max_connections."
    if not isinstance(cause, psycopg.Error):
        return None
    if isinstance(cause, errors.ReadOnlySqlTransaction):
        return f"PostgreSQL: {ReadOnly.seen}, or it is a standby. {ReadOnly.advice}"
    if isinstance(cause, errors.InsufficientPrivilege):
        return f"PostgreSQL: {_primary(cause)}. Grant it to Doorbell's role, or name another role in DATABASE_URL."
    if isinstance(cause, errors.InvalidSchemaName):
        return (
            f"PostgreSQL: {_primary(cause)}: no schema of the search_path exists, or Doorbell's role may not use it. Make it "
            "(CREATE SCHEMA), or see search_path in DATABASE_URL and in the settings of role and database."
        )
    if is_not_migrated(cause):
        return f"The database is not migrated to this version of Doorbell ({_primary(cause)}). Run: flask db upgrade"
    if isinstance(cause, _SLOW):
        return f"PostgreSQL gave up: {_primary(cause)}. A lock or its load held it up; try again, or see flask doctor."
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
