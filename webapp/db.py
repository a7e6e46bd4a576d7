"""The SQLAlchemy handle `db`, bound to sessions from webapp/postgres. The tables are in webapp/models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase

from .postgres import session, tenancy


class Base(DeclarativeBase):
    """Base of the tables. Constraint names follow one convention, so that a migration can name what it changes."""


Base.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

db = SQLAlchemy(model_class=Base)


def init_app(app: Flask, database_url: str) -> None:
    db.init_app(app)

    def connect(_dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> psycopg.Connection[Any]:
        """A session for pages. It may be on a read-only server; a write there is an error that routes/errors.py names."""
        limits = session.PAGE_LIMITS
        return session.connect(database_url, "doorbell web", limits=limits, writes=False, **options)

    with app.app_context():
        event.listen(db.engine, "do_connect", connect)
        tenancy.watch(db.engine)
    app.teardown_appcontext(_end_session)  # registered last, so it runs first


def _end_session(_error: BaseException | None) -> None:
    """Roll back and return the connection to the pool. A connection lost after the last statement is discarded silently,
    because the response is complete and Flask-SQLAlchemy would replace it with an error."""
    try:
        db.session.remove()
    except (OperationalError, InterfaceError):
        db.session().invalidate()


@contextmanager
def driver_connection() -> Iterator[psycopg.Connection[Any]]:
    """The psycopg connection of the present session, inside of its transaction. The caller commits or ends the session.

    Raises SQLAlchemy's errors in place of psycopg's, so that a page handles them as those of any other statement.
    """
    conn = cast("psycopg.Connection[Any]", db.session.connection().connection.driver_connection)
    try:
        yield conn
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error
