"""Flask's extensions, made here and bound in `init_app`."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from . import models  # noqa: F401 - the tables must be known to Alembic
from .db import db

MIGRATIONS = Path(__file__).parent.parent / "migrations"

login_manager = LoginManager()
csrf = CSRFProtect()
migrate = Migrate(directory=str(MIGRATIONS))


def init_app(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db)
    login_manager.init_app(app)
    csrf.init_app(app)
