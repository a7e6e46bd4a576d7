"""The one SQLAlchemy handle. Tables are in models.py."""

from __future__ import annotations

from typing import Any

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase

from .postgres import session


class Base(DeclarativeBase):
    """Constraint names follow one rule, so that a migration can name what it changes."""


Base.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

db = SQLAlchemy(model_class=Base)


def init_app(app: Flask) -> None:
    db.init_app(app)
    database_url = app.extensions["doorbell_config"].database_url

    def connect(_dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> psycopg.Connection[Any]:
        """A page reads from a standby too; writing there is an error of its own, which routes/errors.py names."""
        limits = session.PAGE_LIMITS
        return session.connect(database_url, "doorbell web", limits=limits, writes=False, **options)

    with app.app_context():
        event.listen(db.engine, "do_connect", connect)
    app.teardown_appcontext(_end_session)  # registered last, so called before Flask-SQLAlchemy's own


def _end_session(_error: BaseException | None) -> None:
    """Roll back and give the connection back. One that died after the request's last statement is dropped in silence:
    the answer is made, and Flask-SQLAlchemy would raise in its place."""
    try:
        db.session.remove()
    except (OperationalError, InterfaceError):
        db.session().invalidate()
