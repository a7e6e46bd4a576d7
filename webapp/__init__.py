"""Doorbell's web application. Importing it does nothing; `create_app` builds it.

It does not import Flask either: gunicorn's master imports webapp.observability.logs before gevent patches the standard library.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .config import Config

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: Config | None = None) -> Flask:
    """Build the app from `config`, or from the environment. Raises ConfigError with every fault found."""
    from flask import Flask

    from .server import static_files

    config = config or Config.from_env(os.environ)
    app = Flask(__name__, static_url_path=f"{static_files.PREFIX}{static_files.version()}")
    app.config.update(
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=list(config.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI="postgresql+psycopg://",  # where to is db.py's matter
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_pre_ping": True,  # after a restart of PostgreSQL the next request works
            "pool_size": 10,
            "max_overflow": 10,
            "pool_timeout": 5,
            "hide_parameters": True,  # an error's text goes to the log, names and e-mails do not
        },
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.cookie_secure,
        WTF_CSRF_TIME_LIMIT=None,  # a board stays open for days; its buttons work as long as its session
    )
    app.extensions["doorbell_config"] = config
    from . import cli, extensions, routes
    from .routes import errors

    extensions.init_app(app)
    errors.init_app(app)
    routes.register(app)
    cli.register(app)
    return app
