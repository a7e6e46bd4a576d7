"""Migrations: up, down and up again, and equal to the models."""

from __future__ import annotations

import flask_migrate
import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from webapp.db import db


def _relations(conn: psycopg.Connection) -> set[str]:
    rows = conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ).fetchall()
    return {name for (name,) in rows}


def test_the_migrations_make_the_models_tables(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        options = {
            "include_object": lambda _o, name, type_, *_: not (type_ == "table" and name.startswith("order_events_"))
        }
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata)
    ours = [d for d in differences if "alembic_version" not in str(d)]
    assert ours == []


def test_the_migrations_go_down_to_nothing_and_up_again(app: Flask, conn: psycopg.Connection) -> None:
    before = _relations(conn)
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        assert _relations(conn) == {"alembic_version", "alembic_version_pkc"}
        flask_migrate.upgrade()
    assert _relations(conn) == before
