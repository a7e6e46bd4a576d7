"""Flask's extensions and our own services; `init_app` binds all of them to an app."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from . import db, display, redis_client, stream
from .accounts import sign_in, user_cache
from .concurrency import search_limit
from .doctor import readiness
from .observability.metrics import web as web_metrics
from .panels import scheduler
from .routes import access, compressed_pages, form_limits
from .server import script_imports, security_headers, static_files
from .signals import log_follower

MIGRATIONS = Path(__file__).parent.parent / "migrations"

login_manager = LoginManager()
csrf = CSRFProtect()
migrate = Migrate(directory=str(MIGRATIONS))


def init_app(app: Flask) -> None:
    config = app.extensions["doorbell_config"]
    # First, so that it times all other hooks.
    web_metrics.init_app(app)
    db.init_app(app)
    redis_client.init_app(app, config.redis_url)
    sign_in.init_app(app)
    log_follower.init_app(app, config.redis_url)
    readiness.init_app(app)
    scheduler.init_app(app)
    search_limit.init_app(app)
    user_cache.init_app(app)
    display.init_app(app)
    stream.init_app(app, config)
    migrate.init_app(app, db.db)
    login_manager.init_app(app)
    security_headers.init_app(app, config.trusted_proxies)
    static_files.init_app(app)
    script_imports.init_app(app)
    compressed_pages.init_app(app)
    # Before CSRF, so that signed-out requests are redirected to sign-in instead of failing on a token.
    access.init_app(app, login_manager)
    form_limits.init_app(app)
    csrf.init_app(app)
