"""The database session of a request whose connection is lost."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from webapp.db import db
from webapp.routes.access import public

PID = text("SELECT pg_backend_pid()")


def test_a_connection_lost_after_the_last_statement_does_not_change_the_response(
    app: Flask, conn: psycopg.Connection
) -> None:
    @app.get("/answer")
    @public("for this test")
    def answer() -> str:
        pid = db.session.execute(PID).scalar_one()
        conn.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return "the answer"

    answered = app.test_client().get("/answer")
    assert (answered.status_code, answered.text) == (200, "the answer")
    with app.app_context():
        assert db.session.execute(PID).scalar_one(), "the pool gives a working connection next"


def test_a_connection_lost_before_the_last_statement_is_an_error(app: Flask, conn: psycopg.Connection) -> None:
    with app.app_context():
        pid = db.session.execute(PID).scalar_one()
        conn.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(OperationalError):
            db.session.execute(PID)
