"""Doorbell's web application: `create_app` builds it, importing this file does nothing.

Flask is imported at use: gunicorn's master imports webapp.observability.logs before gevent patches the standard library.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .config import Config
from .config.config import COMMANDS, WEB

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: Config | None = None) -> Flask:
    """Build the app from `config`, or from the environment. Raises ConfigError with every fault found."""
    from flask import Flask

    from .server import static_files

    # Flask sets this for its commands: they migrate, make tenants and check all of them.
    is_command = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
    config = config or Config.from_env(os.environ, COMMANDS if is_command else WEB)
    app = Flask(__name__, static_url_path=f"{static_files.PREFIX}{static_files.version()}")
    app.config.update(_settings(config))
    from . import cli, extensions, routes, services
    from .routes import errors

    extensions.init_app(app, services.init_app(app, config))
    errors.init_app(app)
    routes.register(app)
    cli.register(app)
    return app


def _settings(config: Config) -> dict[str, Any]:
    """The settings of Flask and its extensions."""
    prefix = "__Host-" if config.cookie_secure else ""
    return {
        "SECRET_KEY": config.secret_key,
        "SECRET_KEY_FALLBACKS": list(config.secret_key_fallbacks),
        # db.py connects; this only chooses the driver.
        "SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://",
        "SQLALCHEMY_ENGINE_OPTIONS": {
            # The first request after a restart of PostgreSQL must succeed.
            "pool_pre_ping": True,
            "pool_size": 10,
            "max_overflow": 10,
            "pool_timeout": 5,
            # Error texts go to the log; names and e-mails must not.
            "hide_parameters": True,
        },
        # Browsers accept a cookie of this prefix over HTTPS and from this host only, so that no subdomain can set one.
        "SESSION_COOKIE_NAME": f"{prefix}session",
        "REMEMBER_COOKIE_NAME": f"{prefix}remember",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.cookie_secure,
        # A board stays open for days, and its buttons must work as long as its session.
        "WTF_CSRF_TIME_LIMIT": None,
        # The last key signs, all of them verify: forms that are open while the key changes can still be sent.
        "WTF_CSRF_SECRET_KEY": [*reversed(config.secret_key_fallbacks), config.secret_key],
    }
