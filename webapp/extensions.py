"""Flask's extensions and our own services; `init_app` binds all of them to an app."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from . import db, display
from .observability.metrics import web as web_metrics
from .postgres import outages
from .routes import access, compressed_pages, form_limits, imports
from .server import script_imports, security_headers, static_files
from .services import Services

MIGRATIONS = Path(__file__).parent.parent / "migrations"

csrf = CSRFProtect()
migrate = Migrate(directory=str(MIGRATIONS))


def init_app(app: Flask, services: Services) -> None:
    config = services.config
    # First, so that it times all other hooks.
    web_metrics.init_app(app)
    db.init_app(app, config.database_url)
    with app.app_context():
        outages.watch(db.db.engine)
    display.init_app(app)
    migrate.init_app(app, db.db)
    login_manager = LoginManager(app)
    security_headers.init_app(app, config.trusted_proxies)
    static_files.init_app(app)
    script_imports.init_app(app)
    compressed_pages.init_app(app)
    # Before CSRF, so that signed-out requests are redirected to sign-in instead of failing on a token.
    access.init_app(app, login_manager, services.users)
    form_limits.init_app(app)
    # It checks its token itself, before it stores anything.
    csrf.exempt(imports.receive)
    csrf.init_app(app)
