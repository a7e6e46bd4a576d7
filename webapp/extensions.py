"""Flask's extensions, made here and bound in `init_app`."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from . import (
    db,
    models,  # noqa: F401 - the tables must be known to Alembic
    panel_cache,
    security,
    sign_in,
    signal_log,
    signals,
    stream,
    tenancy,
    visitors,
)
from .metrics import web as web_metrics

MIGRATIONS = Path(__file__).parent.parent / "migrations"

login_manager = LoginManager()
csrf = CSRFProtect()
migrate = Migrate(directory=str(MIGRATIONS))


def init_app(app: Flask) -> None:
    config = app.extensions["doorbell_config"]
    web_metrics.init_app(app)  # first, so that it times the others
    db.init_app(app)
    signals.init_app(app, config.redis_url)
    sign_in.init_app(app)
    signal_log.init_app(app, config.redis_url)
    panel_cache.init_app(app)
    visitors.init_app(app)
    stream.init_app(app, config)
    migrate.init_app(app, db.db)
    login_manager.init_app(app)
    security.init_app(app, config.trusted_proxies)
    tenancy.init_app(app, login_manager)  # before CSRF: who is signed out is asked to sign in, not told of tokens
    csrf.init_app(app)
