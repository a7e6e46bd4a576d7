"""Flask's extensions and our own services; `init_app` binds all of them to an app."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, cast

import click
from flask import Flask
from flask_babel import Babel
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from werkzeug.local import LocalProxy

from . import db, display
from .accounts.current import current_locale
from .language import locales, templates
from .observability.metrics import web as web_metrics
from .postgres import outages
from .routes import access, compressed_pages, form_limits, imports, request_limits, second_factor_rule
from .server import script_imports, security_headers, static_files
from .services import Services

MIGRATIONS = Path(__file__).parent.parent / "migrations"

csrf = CSRFProtect()


def init_app(app: Flask, services: Services) -> None:
    config = services.config
    # First, so that it times all other hooks.
    web_metrics.init_app(app)
    db.init_app(app, config.database_url)
    with app.app_context():
        outages.watch(db.db.engine)
    display.init_app(app)
    folder = str(locales.TRANSLATIONS)
    Babel(app, configure_jinja=False, default_translation_directories=folder, locale_selector=current_locale)
    templates.init_app(app)
    _add_migrations(app)
    login_manager = LoginManager(app)
    security_headers.init_app(app, config.trusted_proxies)
    static_files.init_app(app)
    script_imports.init_app(app)
    compressed_pages.init_app(app)
    # Before CSRF, so that signed-out requests are redirected to sign-in instead of failing on a token.
    second_factor_rule.init_app(app)
    access.init_app(app, login_manager, services.users)
    request_limits.init_app(app)
    form_limits.init_app(app)
    # It checks its token itself, before it stores anything.
    csrf.exempt(imports.receive)
    csrf.init_app(app)


def _add_migrations(app: Flask) -> None:
    """Add Flask-Migrate and `flask db`, imported at their first use: Alembic would be a quarter of a web worker's start."""

    def extension() -> Any:
        from flask_migrate import Migrate

        Migrate(app, db.db, directory=str(MIGRATIONS))
        return app.extensions["migrate"]

    def commands() -> click.Group:
        from flask_migrate.cli import db

        return cast(click.Group, db)

    app.extensions["migrate"] = LocalProxy(cache(extension))
    app.cli.add_command(cast(click.Group, LocalProxy(cache(commands))), name="db")
